"""Records of another tracker's objects, by which later imports recognize them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.projects.model import Project


class ObjectKind(StrEnum):
    """Kinds of objects, other than issues, that an import recognizes."""

    PROJECT = "PROJECT"
    ASKED_PROJECT = "ASKED_PROJECT"  # the project that `--project KEY` meant
    STATE = "STATE"
    LABEL = "LABEL"
    PERSON = "PERSON"
    MILESTONE = "MILESTONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSite:
    """An installation of a tracker, such as jira.example.org. `name` is null until a file names it."""

    id: str
    workspace_id: str
    source: str
    name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalObject:
    """An object of another tracker, and the id of its counterpart, which may have been deleted since.

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
    """An issue of another tracker, and its counterpart in Workgraph.

    `source_id` is the ExternalObject of its project in the other tracker, `project_id` the current or last project of
    the counterpart. `created_at` is the counterpart's creation time, null if it was permanently deleted.
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
    """Records of earlier imports about another tracker's objects. Every method raises Unstorable like ImportStore."""

    async def sites(self, workspace_id: str, source: str) -> list[ExternalSite]:
        """Sites of that tracker with issues in the workspace, oldest first."""
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
        """Objects recorded under one of these ids or keys, oldest first."""
        ...

    async def keep_objects(self, *, new: Sequence[ExternalObject], changed: Sequence[ExternalObject]) -> None:
        """Stores new and changed objects."""
        ...

    async def issues(
        self, workspace_id: str, site_ids: Collection[str], *, external_ids: Collection[str], keys: Collection[str]
    ) -> list[ExternalIssue]:
        """Issues recorded under one of these ids or keys, oldest first, including issues deleted in Workgraph."""
        ...

    async def keep_issues(
        self, *, new: Sequence[ExternalIssue], changed: Sequence[ExternalIssue], gone: Sequence[ExternalIssue]
    ) -> None:
        """Stores new and changed issues, and removes the records of gone issues."""
        ...

    async def replacements(self, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        """The ids of entities that took over the issues of deleted entities, by the deleted id."""
        ...

    async def projects(self, workspace_id: str, ids: Collection[str]) -> dict[str, Project]:
        """The projects that exist, by id, locked."""
        ...

    async def project_id(self, workspace_id: str, key: str) -> str | None:
        """Id of the project with that key; None if no project has it."""
        ...

    async def taken_keys(self, workspace_id: str, keys: Collection[str]) -> frozenset[str]:
        """The subset of the keys that projects already use."""
        ...

    async def add_project(self, project: Project) -> bool:
        """Stores a new project; False, without storing it, if its key was taken at the same time."""
        ...
