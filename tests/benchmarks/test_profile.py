"""The profile of a request: where samples count, and the table of them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import pytest

from benchmarks import profile
from benchmarks.places import ROOT
from benchmarks.profile import GROUPS, OTHER, group_of, parts_of, table
from benchmarks.sampling import place_of
from infra.dev.processes import wait_until

BUSY = """import json, signal, sys, time
print(sys.argv, flush=True)
while True:
    json.dumps(list(range(1000)))
"""


def test_a_sample_in_the_standard_library_counts_for_its_caller() -> None:
    found: list[FrameType] = []
    json.loads("{}", object_hook=lambda _: found.append(sys._getframe(1)))
    assert found[0].f_code.co_filename == json.decoder.__file__
    assert place_of(found[0]) == __file__
    assert place_of(None) == ""


async def test_the_event_loop_counts_for_itself() -> None:
    places: list[str] = []
    asyncio.get_running_loop().call_soon(lambda: places.append(place_of(sys._getframe(1))))
    await asyncio.sleep(0)
    assert group_of(places[0]) == GROUPS[0][0]


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ("/lib/site-packages/uvicorn/server.py", 1),
        ("/checkout/infra/shared/logs.py", 2),
        ("/checkout/domain/auth/service.py", 3),
        ("/checkout/api/http/endpoint.py", 4),
        ("/checkout/api/graphql/runner.py", 5),
        ("/checkout/strawberry_compiled/src/strawberry_compiled/waves.py", 6),
        ("<plan of reference>", 6),
        ("/checkout/api/issues/types.py", 7),
        ("/lib/site-packages/sqlalchemy/sql/compiler.py", 8),
        ("/checkout/infra/db/statements.py", 9),
        ("/checkout/infra/issues/reader.py", 10),
        ("/checkout/domain/issues/service.py", 10),
    ],
)
def test_every_file_belongs_to_a_group(place: str, number: int) -> None:
    assert group_of(place) == GROUPS[number][0]
    assert group_of("/lib/site-packages/other/module.py") == OTHER


def test_groups_share_the_time_of_a_request_by_their_samples() -> None:
    counts = {"/a/infra/db/rows.py": 3, "/a/infra/db/reader.py": 1, "/a/infra/shared/logs.py": 4, "/elsewhere.py": 2}
    parts = parts_of(counts, 1000.0)
    assert parts == {GROUPS[9][0]: 400.0, "log line": 400.0, OTHER: 200.0}


def test_the_table_has_a_row_for_each_group_and_the_sum() -> None:
    lines = table({("viewer", "before"): {"log line": 1200.4, OTHER: 99.6}, ("viewer", "now"): {"log line": 30.0}})
    assert lines == [
        "| µs of server CPU per request | viewer, before | viewer, now |",
        "| --- | ---: | ---: |",
        "| log line | 1,200 | 30 |",
        f"| {OTHER} | 100 | 0 |",
        "| **sum** | **1,300** | **30** |",
    ]


def test_the_table_in_the_readme_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    original = (ROOT / "benchmarks" / "README.md").read_text()
    readme.write_text(original)
    monkeypatch.setattr(profile, "README", readme)
    for cell in ("first", "second"):
        profile.write([f"| {cell} |"])
    before, _, rest = readme.read_text().partition("<!-- profile -->\n")
    assert rest.startswith("\n| second |\n\n<!-- /profile -->\n")
    assert before + "<!-- profile -->\n" in original
    assert original.endswith(rest.partition("<!-- /profile -->")[2])


def test_a_module_runs_under_the_profile_with_its_own_arguments(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(BUSY)
    target = tmp_path / "profile.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "sampling.py"), str(target), "busy", "--option"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"['{tmp_path / 'busy.py'}', '--option']"
            counts: dict[str, int] = {}
            while not counts:  # its first samples may take a while on a busy machine
                target.unlink(missing_ok=True)
                os.kill(process.pid, signal.SIGUSR1)
                assert wait_until(target.exists, seconds=30)
                counts = json.loads(target.read_text())
            assert {Path(place).name for place in counts} <= {"busy.py", "sampling.py"}
        finally:
            process.kill()
