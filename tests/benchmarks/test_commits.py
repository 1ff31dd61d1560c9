import subprocess
import sys

import pytest

from benchmarks.commits import EARLIER, NOW, Stretch, stretch_of, table
from benchmarks.failures import BenchmarkError


def stretches(*pairs: tuple[float, float]) -> list[Stretch]:
    return [Stretch(per_second=speed, cpu_microseconds=cost) for speed, cost in pairs]


def test_the_table_has_medians_of_commits_and_of_the_ratios_of_rounds() -> None:
    found = {
        EARLIER: stretches((100, 4000), (200, 4000), (50, 5000)),
        NOW: stretches((200, 1000), (300, 2000), (200, 1000)),
    }
    assert list(table(found)) == [
        "16 writers in one workspace, 3 rounds",
        "| | commits/s | CPU µs per commit |",
        "|---|---|---|",
        "| before the work on speed | 100 | 4000 |",
        "| this commit | 200 | 1000 |",
        "| ratio | × 2.00 (1.50 to 4.00) | × 0.25 (0.20 to 0.50) |",
    ]


def started(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_stretch_is_what_the_process_tells_after_lines_of_its_log() -> None:
    with started("input(); print('a line'); print('{\"commits\": 50, \"cpu\": 0.1}')") as process:
        assert stretch_of(process, 2.0) == Stretch(per_second=25, cpu_microseconds=2000)


def test_a_process_that_ends_is_reported() -> None:
    with started("input()") as process, pytest.raises(BenchmarkError, match="has ended"):
        stretch_of(process, 2.0)
