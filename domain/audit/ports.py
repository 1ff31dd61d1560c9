from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.audit.model import LoggedEvent, Subject
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent


class EventReader(Protocol):
    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[LoggedEvent]:
        """The next events after that revision, in order, without a gap."""
        ...

    async def of_workspaces(
        self, workspace_ids: Sequence[str], *, after: int, most: int
    ) -> Mapping[str, Sequence[LoggedEvent]]:
        """The next events of each workspace after that revision, by id of the workspace."""
        ...

    async def revision(self, workspace_id: str) -> int:
        """The last revision that the workspace has given; 0 before its first event."""
        ...

    async def revisions_of_workspaces(self, workspace_ids: Sequence[str]) -> Mapping[str, int]:
        """The last revision of each workspace, by id; 0 before its first event."""
        ...

    async def history_of_subjects(
        self, subjects: Sequence[Subject], request: PageRequest
    ) -> Sequence[Page[LoggedEvent]]:
        """Events of each subject, oldest first."""
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
