from dataclasses import replace

from benchmarks.figures import Quietness, Sample, Spread, ratio, thrift_of
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


def test_a_machine_is_quiet_if_others_disturbed_few_measurements() -> None:
    calm = [replace(SAMPLE, others=0.01)] * 19
    quiet = Quietness.of([*calm, replace(SAMPLE, others=0.3)])
    assert (quiet.middle, quiet.most, quiet.disturbed, quiet.measured) == (0.01, 0.3, 1, 20)
    assert quiet.is_quiet
    assert not Quietness.of([*calm, replace(SAMPLE, others=0.06), replace(SAMPLE, others=0.06)]).is_quiet
