"""The event log as it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from domain.audit.kinds import EventKind
from domain.shared.actor import Cause
from domain.shared.events import Texts
from domain.shared.streams import EventBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """One field's values before and after, as text; None where there was no value, several for a collection."""

    field: str
    before: Texts
    after: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event of a workspace with its revision in the log, and that of the change set that it is part of."""

    workspace_id: str
    revision: int
    change_set: int
    kind: EventKind
    subject_id: str
    area_id: str | None
    actor_id: str | None
    cause: Cause
    changes: tuple[LoggedChange, ...]
    occurred_at: datetime
    text_length: int = 0
    """Characters of long texts that are stored apart: `EventReader.with_texts` puts them into `changes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpan:
    """Revisions of the first and the last event of a log; an empty log ends before it begins."""

    first: int = 1
    last: int = 0


class Subject(Protocol):
    """An entity that events can be about."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...


ChangeBatch: TypeAlias = EventBatch[LoggedEvent]
