import asyncio

import pytest

from cli.seed import Report
from domain.shared.jobs import Progress


class Ticks:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_without_a_terminal_a_line_tells_the_progress_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Ticks()
    report = Report(monotonic=clock)
    for done in range(500, 20_500, 500):
        clock.seconds += 1
        report.tell_issues(Progress(done=done, total=20_000))
    for left in (1, 0):
        clock.seconds += 9
        report.tell_indexes(left)
    assert capsys.readouterr().out.splitlines() == [
        "Created 5,000 of 20,000 issues",
        "Created 10,000 of 20,000 issues",
        "Created 15,000 of 20,000 issues",
        "Created 20,000 of 20,000 issues",
        "Building indexes, 0 left",
    ]


async def test_the_last_progress_is_told_again_while_nothing_happens(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Ticks()
    report = Report(monotonic=clock, pause=0.001)
    report.tell_indexes(3)
    repeating = asyncio.create_task(report.repeat())
    for _ in range(2):
        clock.seconds += 10
        await asyncio.sleep(0.05)
    repeating.cancel()
    assert capsys.readouterr().out.splitlines() == ["Building indexes, 3 left"] * 2


def test_on_a_terminal_one_line_is_overwritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    report = Report()
    for done in (500, 1000):
        report.tell_issues(Progress(done=done, total=1000))
    report.tell_indexes(0)
    lines = ["\rCreated 500 of 1,000 issues", "\rCreated 1,000 of 1,000 issues\n", "\rBuilding indexes, 0 left\n"]
    assert capsys.readouterr().out == "".join(lines)
