"""Background work: rows written in the use case's transaction, run by the worker at least once, effective once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol


class JobState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    PARKED = "PARKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Base of every message to the worker: plain values only, ids rather than objects."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job row that one worker holds; a commit in its name fails once another attempt has begun."""

    id: str
    attempt: int
    checkpoint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long job is, in its own unit."""

    done: int
    total: int | None = None


class JobQueue(Protocol):
    def wake(self, job_id: str) -> None:
        """Tells a worker, soon and without waiting, that this job is due; a lost call only delays the job."""
        ...
