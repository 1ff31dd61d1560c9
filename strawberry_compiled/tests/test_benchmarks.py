"""The script that repeats the measurements of the README works, and the README's tables are its."""

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FIRST_CELL = re.compile(r"^\| ([^|]+) \| [\d,]+ \| [\d,]+ \| [\d,]+ \| [\d.]+ \|$", re.MULTILINE)


def test_the_script_prints_the_tables_of_the_readme() -> None:
    script = [sys.executable, str(PROJECT / "benchmarks/measure.py"), "--seconds", "0.01"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = FIRST_CELL.findall(done.stdout)
    assert len(printed) == 9
    assert FIRST_CELL.findall((PROJECT / "README.md").read_text(encoding="utf-8")) == printed
