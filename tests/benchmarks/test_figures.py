from dataclasses import replace

from benchmarks.figures import Sample, Spread, outcomes, ratio, thrift_of
from benchmarks.operations import REFERENCE, VIEWER

SAMPLE = Sample(
    server="workgraph",
    operation=REFERENCE,
    connections=8,
    round=0,
    rate=300.0,
    p50_ms=1.0,
    p99_ms=2.0,
    errors=0,
    server_cpu_ms=1.0,
    postgres_cpu_ms=1.0,
    peak_memory=1,
    others=0.0,
)


def samples(server: str, *rates: float, operation: str = REFERENCE) -> list[Sample]:
    return [
        replace(SAMPLE, server=server, operation=operation, round=number, rate=rate)
        for number, rate in enumerate(rates)
    ]


def test_a_spread_is_the_middle_with_both_ends() -> None:
    assert Spread.of([3.0, 9.0, 4.0]) == Spread(4.0, 3.0, 9.0)
    assert Spread.of([3.0, 4.0]).middle == 3.5
    assert Spread.of([2.0]).is_single
    assert not Spread.of([2.0, 2.5]).is_single


def test_a_ratio_is_taken_within_each_round_and_with_the_best_of_the_others() -> None:
    measured = [*samples("workgraph", 300, 200, 280), *samples("yoga", 150, 50, 70), *samples("apollo", 100, 100, 140)]
    assert ratio(measured, "workgraph", ["apollo"], REFERENCE, 8) == Spread(2.0, 2.0, 3.0)
    assert ratio(measured, "workgraph", ["apollo", "yoga"], REFERENCE, 8) == Spread(2.0, 2.0, 2.0)


def test_thrift_counts_processor_time_alone() -> None:
    ours = [replace(each, server_cpu_ms=2.0) for each in samples("workgraph", 10, 500)]
    theirs = [replace(each, server_cpu_ms=3.0) for each in samples("core", 500, 10)]
    assert ratio([*ours, *theirs], "workgraph", ["core"], REFERENCE, 8, value=thrift_of) == Spread(1.5, 1.5, 1.5)
    idle = [replace(each, server_cpu_ms=0.0) for each in samples("yoga", 10, 10)]
    assert ratio([*ours, *idle], "workgraph", ["yoga"], REFERENCE, 8, value=thrift_of) is not None


def test_only_rounds_that_both_have_count() -> None:
    measured = [*samples("workgraph", 300, 200), *samples("yoga", 100)]
    assert ratio(measured, "workgraph", ["yoga"], REFERENCE, 8) == Spread(3.0, 3.0, 3.0)
    assert ratio(measured, "workgraph", ["yoga"], REFERENCE, 64) is None
    assert ratio(measured, "workgraph", ["yoga"], VIEWER, 8) is None


def test_a_goal_is_judged_by_the_middle_and_only_if_all_its_servers_were_measured() -> None:
    measured = [
        *samples("workgraph", 300, 310, 200),
        *samples("stock", 20, 20, 20),
        *samples("core", 310, 320, 100),
        *samples("apollo", 100, 100, 100),
        *samples("workgraph", 60, 60, 60, operation=VIEWER),
        *samples("core", 100, 100, 100, operation=VIEWER),
    ]
    found = {
        outcome.goal.text: (outcome.measured.middle, outcome.is_reached)
        for outcome in outcomes(measured, ours="workgraph")
    }
    assert found == {
        "reference list against stock execution": (15.0, True),
        "reference list against SQLAlchemy Core by hand": (310 / 320, False),
        "`viewer` against a bare FastAPI route": (0.6, True),
    }
