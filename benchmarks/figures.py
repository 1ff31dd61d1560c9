"""Measurements and the figures calculated from them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

MIDDLE = 8
"""Connections that the goals are measured at."""
LEAST_CPU_MS = 1e-3
DISTURBED = 0.05
"""Share of all processors used by other programs above which a measurement counts as disturbed."""
MOST_DISTURBED = 0.05
"""Share of disturbed measurements up to which a machine counts as quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Figures of one load run. `others` is the share of the machine's processors that other programs used meanwhile."""

    server: str
    operation: str
    connections: int
    round: int
    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    server_cpu_ms: float
    postgres_cpu_ms: float
    peak_memory: int
    others: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of several values, with the least and the greatest."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Collection[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    @property
    def is_single(self) -> bool:
        return self.low == self.high


def chosen(samples: Iterable[Sample], *, server: str, operation: str, connections: int) -> list[Sample]:
    """Samples of one server, operation and connection count, in the order of rounds."""
    found = (
        sample
        for sample in samples
        if (sample.server, sample.operation, sample.connections) == (server, operation, connections)
    )
    return sorted(found, key=lambda sample: sample.round)


def rate_of(sample: Sample) -> float:
    return sample.rate


def thrift_of(sample: Sample) -> float:
    """Requests per second of the server's own processor time, the figure that a busy machine disturbs least."""
    return 1e3 / max(sample.server_cpu_ms, LEAST_CPU_MS)


def ratio(
    samples: Sequence[Sample],
    ours: str,
    theirs: Collection[str],
    operation: str,
    connections: int,
    *,
    value: Callable[[Sample], float] = rate_of,
) -> Spread | None:
    """Our value divided by the best of `theirs`, as a spread over the rounds; None if no round has both."""
    own = {
        each.round: value(each) for each in chosen(samples, server=ours, operation=operation, connections=connections)
    }
    best: dict[int, float] = {}
    for name in theirs:
        for each in chosen(samples, server=name, operation=operation, connections=connections):
            best[each.round] = max(best.get(each.round, 0.0), value(each))
    shared = own.keys() & best.keys()
    return Spread.of([own[number] / best[number] for number in shared]) if shared else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quietness:
    """Shares of the machine's processors that other programs used: the median, the greatest, and how many were high."""

    middle: float
    most: float
    disturbed: int
    measured: int

    @classmethod
    def of(cls, samples: Collection[Sample]) -> "Quietness":
        shares = [sample.others for sample in samples]
        return cls(
            middle=median(shares),
            most=max(shares),
            disturbed=sum(share > DISTURBED for share in shares),
            measured=len(shares),
        )

    @property
    def is_quiet(self) -> bool:
        return self.disturbed <= MOST_DISTURBED * self.measured
