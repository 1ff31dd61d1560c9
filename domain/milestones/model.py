"""Milestones: what a project wants to have done, and by when."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, NewType

from domain.milestones.commands import MilestoneChanges, MilestoneDraft
from domain.projects.model import Project, ProjectId
from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked
from domain.shared.unset import sent_fields
from domain.workspaces.model import WorkspaceId

MilestoneId = NewType("MilestoneId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A goal of a project. `replaced_by_id` is the milestone to which a batch run is moving the issues."""

    prefix: ClassVar[str] = "mil"
    noun: ClassVar[str] = "milestone"

    id: MilestoneId
    workspace_id: WorkspaceId
    project_id: ProjectId
    name: str
    due_date: date | None
    deleting_since: datetime | None = None
    replaced_by_id: MilestoneId | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.project_id

    @classmethod
    def drafted(cls, draft: MilestoneDraft, *, id: MilestoneId, project: Project, now: datetime) -> "Milestone":
        return from_draft(
            cls,
            draft,
            id=id,
            workspace_id=project.workspace_id,
            project_id=project.id,
            created_at=now,
            updated_at=now,
        ).checked()

    def changed(self, changes: MilestoneChanges, *, now: datetime) -> "Milestone":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "Milestone":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            name = check.line("name", self.name, longest=80)
        return replace(self, name=name)
