from dataclasses import replace

import pytest

from benchmarks.figures import Spread
from benchmarks.goals import GOALS, NODE_SERVERS, Goal, Outcome, Verdict, outcomes, unmeasured
from benchmarks.operations import REFERENCE, UPDATE, VIEWER
from benchmarks.programs import NODE
from benchmarks.servers import SERVERS
from tests.benchmarks.test_figures import SAMPLE, samples

HIGHER = Goal(text="list", required=1.0, aim=1.5, operation=REFERENCE, against=("asyncpg",))
LOWER = Goal(
    text="update", required=0.45, aim=0.35, operation=UPDATE, against=("before",), is_by_cpu=True, is_share=True
)


@pytest.mark.parametrize(
    ("goal", "middle", "verdict"),
    [
        (HIGHER, 1.5, Verdict.AIM),
        (HIGHER, 1.49, Verdict.REACHED),
        (HIGHER, 0.99, Verdict.MISSED),
        (LOWER, 0.35, Verdict.AIM),
        (LOWER, 0.45, Verdict.REACHED),
        (LOWER, 0.46, Verdict.MISSED),
    ],
)
def test_the_median_of_the_deciding_figure_gives_the_verdict(goal: Goal, middle: float, verdict: Verdict) -> None:
    decides, ignored = Spread(middle, 0.0, 9.0), Spread(7.0, 7.0, 7.0)
    by_rate, by_cpu = (ignored, decides) if goal.is_by_cpu else (decides, ignored)
    assert Outcome(goal=goal, by_rate=by_rate, by_cpu=by_cpu).verdict == verdict
    assert Outcome(goal=goal, by_rate=None, by_cpu=None).verdict is None


def test_figures_are_quotients_within_each_round() -> None:
    measured = [
        *samples("workgraph", 300, 310, 200),
        *samples("stock", 20, 20, 20),
        *(replace(each, server_cpu_ms=3.0) for each in samples("mercurius", 100, 100, 200)),
        *(replace(each, server_cpu_ms=2.0) for each in samples("yoga", 50, 155, 100)),
    ]
    found = {outcome.goal.text: outcome for outcome in outcomes(measured)}
    assert found["reference list : stock execution"].by_rate == Spread(15.0, 10.0, 15.5)
    node = found["reference list : best Node server"]
    assert (node.by_rate, node.by_cpu) == (Spread(2.0, 1.0, 3.0), Spread(2.0, 2.0, 2.0))
    assert found["`viewer` : Apollo Server"].verdict is None
    assert outcomes(samples("core", 100, operation=VIEWER)) == []


def test_writers_count_at_their_own_number_of_connections_and_updates_by_their_share_of_cpu() -> None:
    ours = [replace(each, server_cpu_ms=1.0) for each in samples("workgraph", 500, 500, operation=UPDATE)]
    before = [replace(each, server_cpu_ms=2.5) for each in samples("before", 400, 250, operation=UPDATE)]
    writers = [replace(SAMPLE, operation=UPDATE, connections=16, rate=700.0)]
    earlier = [replace(each, server="before", rate=350.0) for each in writers]
    update, commits = outcomes([*ours, *before, *writers, *earlier])[-2:]
    assert (update.by_cpu, update.by_rate, update.verdict) == (
        Spread(0.4, 0.4, 0.4),
        Spread(1.625, 1.25, 2.0),
        Verdict.REACHED,
    )
    assert (commits.by_rate, commits.verdict) == (Spread(2.0, 2.0, 2.0), Verdict.AIM)


def test_the_reason_of_a_missing_figure_is_that_of_the_server_left_out() -> None:
    assert unmeasured(LOWER, {"before": "no git history\nat all"}) == "no git history"
    assert unmeasured(LOWER, {"apollo": "no npm"}) == "not part of this run"


def test_goals_name_servers_that_are_measured() -> None:
    operations_of = {server.name: server for server in SERVERS}
    assert {server.name for server in SERVERS if server.program == NODE} == set(NODE_SERVERS)
    for goal in GOALS:
        assert goal.against
        for name in ("workgraph", *goal.against):
            server = operations_of[name]
            assert not server.only or goal.operation in server.only
            assert goal.connections in (8, *server.more_connections.get(goal.operation, ()))
