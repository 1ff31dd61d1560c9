"""Projects and the states that their issues pass through."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType

from domain.projects.categories import StateCategory
from domain.projects.commands import ProjectChanges, ProjectDraft, StateChanges, StateDraft
from domain.shared.checks import COLOR, COLOR_RULE, Checks
from domain.shared.entities import from_draft, rechecked, revised
from domain.shared.errors import Conflict
from domain.shared.unset import sent_fields
from domain.workspaces.model import Member, MemberId, Workspace, WorkspaceId

ProjectId = NewType("ProjectId", str)
StateId = NewType("StateId", str)
ProjectMemberId = NewType("ProjectMemberId", str)

MOST_STATES = 50
TOO_MANY_STATES = f"A project can have at most {MOST_STATES} workflow states."
KEY = re.compile(r"[A-Z][A-Z0-9]{0,9}", re.ASCII)
KEY_RULE = "1 to 10 uppercase letters and digits, starting with a letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project. `deleting_since` is the time when a batch run began to delete it."""

    prefix: ClassVar[str] = "prj"

    id: ProjectId
    workspace_id: WorkspaceId
    key: str
    name: str
    archived_at: datetime | None = None
    deleting_since: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.id

    def check_usable(self, path: tuple[str, ...]) -> None:
        """Raises Conflict for a project that is being deleted."""
        if self.deleting_since is not None:
            raise Conflict("This project is being deleted. Use another project.", path=path)

    @classmethod
    def drafted(cls, draft: ProjectDraft, *, id: ProjectId, workspace: Workspace, now: datetime) -> "Project":
        return from_draft(cls, draft, id=id, workspace_id=workspace.id, created_at=now, updated_at=now).checked()

    def changed(self, changes: ProjectChanges, *, now: datetime) -> "Project":
        return rechecked(self, now=now, **sent_fields(changes))

    def archived(self, *, now: datetime) -> "Project":
        return revised(self, now=now, archived_at=self.archived_at or now)

    def restored(self, *, now: datetime) -> "Project":
        return revised(self, now=now, archived_at=None)

    def deleting(self, is_deleting: bool, *, now: datetime) -> "Project":
        return revised(self, now=now, deleting_since=now if is_deleting else None)

    def checked(self) -> "Project":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            check.matches("key", self.key, KEY, KEY_RULE)
            name = check.line("name", self.name, longest=80)
        return self if name == self.name else replace(self, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A step of a project's workflow; `position` orders the steps, from 0.

    `replaced_by_id` is the state to which a batch run is moving the issues.
    """

    prefix: ClassVar[str] = "sta"
    noun: ClassVar[str] = "workflow state"

    id: StateId
    workspace_id: WorkspaceId
    project_id: ProjectId
    name: str
    category: StateCategory
    color: str
    position: int
    deleting_since: datetime | None = None
    replaced_by_id: StateId | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.project_id

    @classmethod
    def drafted(cls, draft: StateDraft, *, id: StateId, project: Project, position: int, now: datetime) -> "State":
        return from_draft(
            cls,
            draft,
            id=id,
            workspace_id=project.workspace_id,
            project_id=project.id,
            position=position,
            created_at=now,
            updated_at=now,
        ).checked()

    def changed(self, changes: StateChanges, *, now: datetime) -> "State":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "State":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            name = check.line("name", self.name, longest=50)
            check.matches("color", self.color, COLOR, COLOR_RULE)
        return self if name == self.name else replace(self, name=name)


DEFAULT_STATES = (
    ("Backlog", StateCategory.BACKLOG, "#8a8f98"),
    ("Todo", StateCategory.UNSTARTED, "#d0d4db"),
    ("In Progress", StateCategory.STARTED, "#f2c94c"),
    ("Done", StateCategory.COMPLETED, "#4cb782"),
    ("Canceled", StateCategory.CANCELED, "#95a2b3"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMember:
    """Membership of a guest in a project. Guests see only their projects; other members see all of them."""

    prefix: ClassVar[str] = "pmb"

    id: ProjectMemberId
    workspace_id: WorkspaceId
    area_id: ProjectId
    member_id: MemberId
    created_at: datetime

    @property
    def project_id(self) -> ProjectId:
        return self.area_id

    @classmethod
    def joining(cls, project: Project, member: Member, *, id: ProjectMemberId, now: datetime) -> "ProjectMember":
        return cls(id=id, workspace_id=project.workspace_id, area_id=project.id, member_id=member.id, created_at=now)
