"""What an import records of another tracker's things, so that the next one recognizes them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.projects.model import Project


class ObjectKind(StrEnum):
    """Kinds of things, other than issues, that an import recognizes."""

    PROJECT = "PROJECT"
    ASKED_PROJECT = "ASKED_PROJECT"  # the project that `--project KEY` meant
    STATE = "STATE"
    LABEL = "LABEL"
    PERSON = "PERSON"
    MILESTONE = "MILESTONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSite:
    """One installation of a tracker, such as jira.example.org. `name` is null while no file has named it."""

    id: str
    workspace_id: str
    source: str
    name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalObject:
    """A thing of another tracker, and the id of what it is here, which may have been deleted since.

    `scope` is the project of a state or a milestone, otherwise empty.
    """

    id: str
    workspace_id: str
    site_id: str
    kind: ObjectKind
    scope: str
    key: str
    external_id: str | None
    target_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIssue:
    """An issue of another tracker, and the issue that it is here.

    `source_id` is the ExternalObject of its project in the other tracker, `project_id` the project that it is, or
    was, in here. `created_at` is the issue's own time of creation, null if it was deleted permanently here.
    """

    issue_id: str
    workspace_id: str
    site_id: str
    key: str
    external_id: str | None
    source_id: str
    project_id: str
    created_at: datetime | None


class IdentityStore(Protocol):
    """What earlier imports recorded of another tracker's things; everything raises Unstorable like ImportStore."""

    async def sites(self, workspace_id: str, source: str) -> list[ExternalSite]:
        """The sites of that tracker that the workspace has issues of, the oldest first."""
        ...

    async def add_site(self, site: ExternalSite) -> None:
        """Stores a new site."""
        ...

    async def name_site(self, site: ExternalSite) -> None:
        """Gives a site its name."""
        ...

    async def objects(
        self,
        workspace_id: str,
        site_ids: Collection[str],
        kind: ObjectKind,
        *,
        scopes: Collection[str],
        external_ids: Collection[str],
        keys: Collection[str],
    ) -> list[ExternalObject]:
        """What was recorded under one of these ids or keys, the oldest first."""
        ...

    async def keep_objects(self, *, new: Sequence[ExternalObject], changed: Sequence[ExternalObject]) -> None:
        """Records things, and changes what was recorded of others."""
        ...

    async def issues(
        self, workspace_id: str, site_ids: Collection[str], *, external_ids: Collection[str], keys: Collection[str]
    ) -> list[ExternalIssue]:
        """Issues that were recorded under one of these ids or keys, the oldest first, those deleted here included."""
        ...

    async def keep_issues(
        self, *, new: Sequence[ExternalIssue], changed: Sequence[ExternalIssue], gone: Sequence[ExternalIssue]
    ) -> None:
        """Records issues, changes what was recorded of others, and forgets others."""
        ...

    async def replacements(self, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        """By the id of a deleted entity, the id of the one that its issues moved to at the deletion."""
        ...

    async def projects(self, workspace_id: str, ids: Collection[str]) -> dict[str, Project]:
        """The projects that exist, by id, locked."""
        ...

    async def project_id(self, workspace_id: str, key: str) -> str | None:
        """The project with that key."""
        ...

    async def taken_keys(self, workspace_id: str, keys: Collection[str]) -> frozenset[str]:
        """Those of the keys that projects have."""
        ...

    async def add_project(self, project: Project) -> bool:
        """Stores a new project; False, and nothing stored, if another one has just got its key."""
        ...
