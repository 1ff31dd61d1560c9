import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.dev.embedded import EmbeddedServers
from tests.e2e.processes import ROOT

pytestmark = pytest.mark.verify


def test_endpoints_by_hand_answer_and_write_what_both_executions_do(tmp_path: Path):
    """Proves that the handwritten endpoints of the benchmark still fit the tables and the schema."""
    command = [sys.executable, "-m", "benchmarks", "--compare-only", "--size", "1000"]
    try:
        done = subprocess.run(
            [*command, "--servers", "workgraph,stock,core,asyncpg,pgjson"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    finally:
        EmbeddedServers(tmp_path / ".workgraph" / "bench" / "1000", durable=True).forget()
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "comparing: FastAPI by hand: JSON from PostgreSQL"
