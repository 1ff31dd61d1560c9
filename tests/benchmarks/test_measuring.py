"""Failures of servers during a run."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import measuring
from benchmarks.failures import BenchmarkError
from benchmarks.measuring import Plan, Run
from benchmarks.servers import SERVERS, Server

CHOSEN = [server for server in SERVERS if server.name in ("workgraph", "apollo", "yoga")]
Serve = Callable[[Run, Server, int | None], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("published_keys", "postmaster_of"):
        monkeypatch.setattr(measuring, name, lambda _: None)
    monkeypatch.setattr(measuring.Originals, "remember", lambda _: None)
    plan = Plan(servers=CHOSEN, operations=[], rounds=3, seconds=1, warm_up=1)
    dataset: Any = None
    return Run(plan, dataset, programs={}, tell=lambda _: None)


def serving(monkeypatch: pytest.MonkeyPatch, *, failing: str, error: Exception) -> list[tuple[str, int | None]]:
    """Servers of the run; the named server fails in the second round."""
    served: list[tuple[str, int | None]] = []

    def serve(_: Run, server: Server, round: int | None) -> None:
        served.append((server.name, round))
        if server.name == failing and round in (1, None):
            raise error

    monkeypatch.setattr(Run, "_serve", serve)
    return served


@pytest.mark.parametrize(
    "error", [BenchmarkError("No answer."), ConnectionResetError("No answer."), KeyError("No answer.")]
)
def test_a_server_that_fails_is_left_out_of_later_rounds(
    error: Exception, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serving(monkeypatch, failing="apollo", error=error)
    run.measure()
    assert served == [
        *(("workgraph", 0), ("apollo", 0), ("yoga", 0)),
        *(("yoga", 1), ("apollo", 1), ("workgraph", 1)),
        *(("workgraph", 2), ("yoga", 2)),
    ]
    assert list(run.failures) == ["apollo"]
    assert "No answer." in run.failures["apollo"]


def test_an_error_without_a_text_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, failing="yoga", error=TimeoutError())
    run.compare()
    assert run.failures == {"yoga": "TimeoutError"}


def test_a_server_whose_program_is_missing_is_not_started(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serving(monkeypatch, failing="", error=BenchmarkError())
    run.leave_out(CHOSEN[1], "There is no npm.")
    run.compare()
    assert [name for name, _ in served] == ["workgraph", "yoga"]


def test_workgraphs_own_failure_ends_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, failing="workgraph", error=BenchmarkError("No answer."))
    with pytest.raises(BenchmarkError, match=r"No answer\."):
        run.measure()
    assert run.failures == {}
