"""Background work: rows written in the use case's transaction, run by the worker at least once, effective once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

MOST_FAILURES = 10
MOST_LOST_LEASES = 5
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(hours=1)
DONE_JOBS_KEPT = timedelta(hours=24)
PARKED_JOBS_KEPT = timedelta(days=90)


class JobState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    PARKED = "PARKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Base of every message to the worker. Fields are texts, numbers, booleans and tuples of them; ids, not objects.

    Long jobs run for minutes and store checkpoints. They take at most half of a worker's slots, so that short jobs,
    such as sending mail, never wait for long ones.
    """

    kind: ClassVar[str]
    is_long: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedJob:
    """A job row leased by one worker. Its commits fail after another attempt has begun."""

    id: str
    attempt: int
    checkpoint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of a long job: items done, total items once counted, and a share from 0 to 1."""

    done: int
    total: int | None = None
    share: float = 0.0


class UnreadableJob(Exception):
    """A stored job that this version of the program does not know."""


def kinds_of(job_types: Iterable[type[Job]]) -> Mapping[str, type[Job]]:
    """The job types by their kind; raises ValueError if two share one."""
    kinds: dict[str, type[Job]] = {}
    for job_type in job_types:
        other = kinds.setdefault(job_type.kind, job_type)
        if other is not job_type:
            raise ValueError(f"{job_type.__name__} and {other.__name__} are both of the kind {job_type.kind!r}.")
    return MappingProxyType(kinds)


def decoded(kinds: Mapping[str, type[Job]], kind: str, payload: Mapping[str, Any]) -> Job:
    """The job that was stored as this payload; raises UnreadableJob."""
    if kind not in kinds:
        raise UnreadableJob(f"There is no kind of job called {kind!r}.")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in payload.items()}
    try:
        return kinds[kind](**values)
    except TypeError as error:
        raise UnreadableJob(f"A job of the kind {kind!r} has other fields than {sorted(payload)}.") from error


def retry_delay(failures: int, *, random: float) -> timedelta | None:
    """Exponential back-off with full jitter, None after the last try; `random` is from [0, 1)."""
    if failures >= MOST_FAILURES:
        return None
    longest: timedelta = min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY)
    return longest * random
