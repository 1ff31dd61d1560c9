"""The tests of the API once more, with graphql-core beside compiled execution: see tests/execution_modes.py.

`make test` runs them with every operation compiled, so one more run is enough.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.execution_modes import VARIABLE, Mode

ROOT = Path(__file__).parents[3]
API_TESTS = ("tests/engine/api", "tests/platform/api", "tests/tracker/api")
SECONDS = 900
EXPECTED_FALLBACKS = {"introspection"}


@pytest.mark.verify
@pytest.mark.alone
def test_every_operation_of_the_suite_gets_the_same_answer_from_both_executors():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider", *API_TESTS],
        cwd=ROOT,
        env={**os.environ, VARIABLE: Mode.SHADOWED},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    [line] = re.findall(r"(?m)^executions: (.*)$", done.stdout)
    counts = orjson.loads(line)
    assert counts["shadow_differences"] == 0
    assert counts["shadow_failures"] == 0
    assert set(counts["fallbacks"]) <= EXPECTED_FALLBACKS
    # Operations that ran both ways, and those that `make test` compiles and graphql-core executed here.
    assert counts["shadowed"] > 1_500
    assert counts["stock"]["switched off"] > 1_500
    # Only what runs at the same time as others, or while the database is made to fail, may go uncompared.
    uncompared = counts["shadow_skipped"] + counts["shadow_undecided"]
    assert counts["compiled"] == counts["shadowed"] + uncompared
    assert uncompared < counts["compiled"] / 50
