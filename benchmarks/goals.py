"""Goals of the comparison, and what a run measured for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.figures import MIDDLE, Sample, Spread, ratio, thrift_of
from benchmarks.operations import ISSUE, NESTED, REFERENCE, UPDATE, VIEWER
from benchmarks.servers import EARLIER, STOCK, WORKGRAPH, WRITERS


class Verdict(StrEnum):
    AIM = "aim reached"
    REACHED = "reached"
    MISSED = "**missed**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Comparison of Workgraph with the best of other servers on one operation, what it must reach, and what it aims at.

    Requests per second decide, or the servers' processor time if `is_by_cpu`. `is_share` turns the quotient of the
    processor times around: Workgraph's time of a request, divided by that of the other, must not exceed the goal.
    """

    text: str
    required: float
    aim: float
    operation: str
    against: Sequence[str]
    connections: int = MIDDLE
    is_by_cpu: bool = False
    is_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Figures that were measured for a goal; both None if no round has Workgraph and one of the others."""

    goal: Goal
    by_rate: Spread | None
    by_cpu: Spread | None

    @property
    def deciding(self) -> Spread | None:
        return self.by_cpu if self.goal.is_by_cpu else self.by_rate

    @property
    def verdict(self) -> Verdict | None:
        """None if the goal was not measured."""
        if self.deciding is None:
            return None
        if self._is_met(self.goal.aim, self.deciding.middle):
            return Verdict.AIM
        return Verdict.REACHED if self._is_met(self.goal.required, self.deciding.middle) else Verdict.MISSED

    def _is_met(self, wanted: float, measured: float) -> bool:
        return measured <= wanted if self.goal.is_share else measured >= wanted


NODE_SERVERS = ("apollo", "yoga", "mercurius", "mercurius-dataloader", "postgraphile")
GOALS = (
    Goal(text="reference list : stock execution", required=15, aim=20, operation=REFERENCE, against=(STOCK,)),
    Goal(text="reference list : best Node server", required=1.5, aim=2.2, operation=REFERENCE, against=NODE_SERVERS),
    Goal(text="reference list : asyncpg by hand", required=1.0, aim=1.5, operation=REFERENCE, against=("asyncpg",)),
    Goal(
        text="nested, 100 issues with 10 comments each : best Node server",
        required=1.3,
        aim=2.0,
        operation=NESTED,
        against=NODE_SERVERS,
    ),
    Goal(
        text="`issue` with 100 comments : best Node server",
        required=1.3,
        aim=2.0,
        operation=ISSUE,
        against=NODE_SERVERS,
    ),
    Goal(
        text="`viewer` : Apollo Server",
        required=1.0,
        aim=1.6,
        operation=VIEWER,
        against=("apollo",),
        is_by_cpu=True,
    ),
    Goal(
        text="`issueUpdate`, CPU of a request : the commit before",
        required=0.45,
        aim=0.35,
        operation=UPDATE,
        against=(EARLIER,),
        is_by_cpu=True,
        is_share=True,
    ),
    Goal(
        text=f"commits/s, {WRITERS} writers in one workspace : the commit before",
        required=1.3,
        aim=1.8,
        operation=UPDATE,
        against=(EARLIER,),
        connections=WRITERS,
    ),
)


def outcomes(samples: Sequence[Sample]) -> list[Outcome]:
    """Outcomes of all goals, also of those that were not measured; empty if nothing was measured of any goal."""
    found = [_outcome(samples, goal) for goal in GOALS]
    return found if any(each.by_rate for each in found) else []


def unmeasured(goal: Goal, left_out: Mapping[str, str]) -> str:
    """Why a goal was not measured; `left_out` has the reasons by name of server."""
    reasons = [left_out[name] for name in goal.against if name in left_out]
    return reasons[0].partition("\n")[0] if reasons else "not part of this run"


def _outcome(samples: Sequence[Sample], goal: Goal) -> Outcome:
    where = (samples, WORKGRAPH, goal.against, goal.operation, goal.connections)
    by_cpu = ratio(*where, value=thrift_of)
    if by_cpu is not None and goal.is_share:
        by_cpu = Spread(1 / by_cpu.middle, 1 / by_cpu.high, 1 / by_cpu.low)
    return Outcome(goal=goal, by_rate=ratio(*where), by_cpu=by_cpu)
