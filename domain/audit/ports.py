from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.audit.change_sets import ChangeSet, ChangeSetFacts
from domain.audit.history import HistoryEntry
from domain.audit.model import LoggedEvent, LogSpan, Subject
from domain.audit.queries import HistoryQuery
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent
from domain.workspaces.model import Workspace


class EventReader(Protocol):
    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[LoggedEvent]:
        """The next events after that revision, in order, without a gap."""
        ...

    async def of_workspaces(
        self, workspace_ids: Sequence[str], *, after: int, most: int
    ) -> Mapping[str, Sequence[LoggedEvent]]:
        """The next events of each workspace after that revision, by id of the workspace."""
        ...

    async def with_texts(self, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        """The events with their long texts, which the other methods leave out."""
        ...

    async def span(self, workspace_id: str) -> LogSpan:
        """The revisions that the log of the workspace has now; revisions before them have been deleted."""
        ...

    async def spans_of_workspaces(self, workspace_ids: Sequence[str]) -> Mapping[str, LogSpan]:
        """The revisions that the log of each workspace has now, by id."""
        ...


class HistoryReader(Protocol):
    async def of_subjects(
        self, actor: Actor, subjects: Sequence[Subject], query: HistoryQuery, request: PageRequest
    ) -> Sequence[Page[HistoryEntry]]:
        """A page of the entries of each object's history that the actor may see, oldest first."""
        ...


class ChangeSetReader(Protocol):
    async def by_revision(
        self, actor: Actor, workspace: Workspace, revision: int
    ) -> tuple[LogSpan, ChangeSetFacts | None]:
        """The revisions that the log has, and the facts of the change set; None if the revision is no change set."""
        ...

    async def events_of_change_sets(
        self, actor: Actor, change_sets: Sequence[ChangeSet], request: PageRequest
    ) -> Sequence[Page[LoggedEvent]]:
        """A page of the events of each change set that the actor may see, oldest first."""
        ...


class NameReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, str]:
        """The names of the objects that the actor may see, of any kind that changes name."""
        ...


class SecurityLogReader(Protocol):
    async def of_user(self, user_id: str, request: PageRequest) -> Page[SecurityEvent]:
        """Security events of the user's account, newest first."""
        ...

    async def person(self, email: str) -> str | None:
        """The id of the user with that address."""
        ...

    async def latest(self, *, user_id: str | None, since: datetime | None, most: int) -> Sequence[SecurityEvent]:
        """The newest entries, oldest first; only those about the user and since the time, if given."""
        ...
