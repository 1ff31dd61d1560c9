"""Issues: the units of work."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, NewType

from domain.accounts.model import UserId
from domain.issues.commands import IssueChanges, IssueDraft
from domain.issues.lifecycles import Lifecycle
from domain.issues.priorities import Priority
from domain.milestones.model import Milestone, MilestoneId
from domain.projects.model import Project, ProjectId, State, StateId
from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked, revised
from domain.shared.errors import ErrorCode
from domain.shared.unset import sent_fields
from domain.workspaces.model import WorkspaceId

IssueId = NewType("IssueId", str)

MOST_ASSIGNEES = 20
MOST_LABELS = 50
MOST_PREVIOUS_IDENTIFIERS = 20
LARGEST_ESTIMATE = 10_000
OWN_ANCESTOR = "An issue cannot be its own ancestor. Choose another parent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A unit of work. Its identifier, such as ENG-12, is the current key of its project and its number."""

    prefix: ClassVar[str] = "iss"

    id: IssueId
    workspace_id: WorkspaceId
    project_id: ProjectId
    number: int
    title: str
    description: str
    state_id: StateId
    priority: Priority
    creator_id: UserId
    milestone_id: MilestoneId | None = None
    parent_id: IssueId | None = None
    start_date: date | None = None
    due_date: date | None = None
    estimate: int | None = None
    external_source: str | None = None
    external_key: str | None = None
    comment_count: int = 0
    completed_at: datetime | None = None
    archived_at: datetime | None = None
    trashed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.project_id

    @property
    def lifecycle(self) -> Lifecycle:
        if self.trashed_at is not None:
            return Lifecycle.TRASHED
        return Lifecycle.ACTIVE if self.archived_at is None else Lifecycle.ARCHIVED

    @classmethod
    def drafted(
        cls,
        draft: IssueDraft,
        *,
        id: IssueId,
        project: Project,
        state: State,
        number: int,
        milestone: Milestone | None = None,
        parent: "Issue | None" = None,
        creator_id: UserId,
        now: datetime,
    ) -> "Issue":
        return from_draft(
            cls,
            draft,
            id=id,
            workspace_id=project.workspace_id,
            project_id=project.id,
            number=number,
            state_id=state.id,
            milestone_id=milestone.id if milestone else None,
            parent_id=parent.id if parent else None,
            creator_id=creator_id,
            completed_at=now if state.category.is_closed else None,
            created_at=now,
            updated_at=now,
        ).checked()

    def changed(self, changes: IssueChanges, *, now: datetime) -> "Issue":
        """The issue's own fields as the caller wants them; raises Rejected naming every broken rule."""
        sent = sent_fields(changes)
        for elsewhere in ("move", "state_id", "milestone_id", "parent_id", "assignees", "labels"):
            sent.pop(elsewhere, None)
        return rechecked(self, now=now, **sent)

    def moved_to(self, state: State, *, now: datetime) -> "Issue":
        """The issue in that state; it counts as completed from when it enters a closed state until it leaves."""
        completed_at = (self.completed_at or now) if state.category.is_closed else None
        return revised(self, now=now, state_id=state.id, completed_at=completed_at)

    def moved_into(self, project: Project, state: State, *, number: int, now: datetime) -> "Issue":
        """The issue in another project. Milestones belong to one project, so the issue loses its own."""
        entered = revised(self, now=now, project_id=project.id, number=number, milestone_id=None)
        return entered.moved_to(state, now=now)

    def created_by(self, creator_id: UserId, *, now: datetime) -> "Issue":
        return revised(self, now=now, creator_id=creator_id)

    def touched(self, *, now: datetime) -> "Issue":
        """The issue after a change of its links."""
        return replace(self, updated_at=now)

    def planned_for(self, milestone: Milestone | None, *, now: datetime) -> "Issue":
        return revised(self, now=now, milestone_id=milestone.id if milestone else None)

    def with_parent(self, parent: "Issue | None", *, now: datetime) -> "Issue":
        return revised(self, now=now, parent_id=parent.id if parent else None)

    def archived(self, *, now: datetime) -> "Issue":
        return revised(self, now=now, archived_at=self.archived_at or now)

    def trashed(self, *, now: datetime) -> "Issue":
        return revised(self, now=now, trashed_at=self.trashed_at or now)

    def restored(self, *, now: datetime) -> "Issue":
        """The issue, neither archived nor trashed."""
        return revised(self, now=now, archived_at=None, trashed_at=None)

    def checked(self) -> "Issue":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            title = check.line("title", self.title)
            check.text("description", self.description)
            if self.start_date and self.due_date and self.start_date > self.due_date:
                message = "{field} must not be after {other}."
                check.fail("start_date", message, ErrorCode.OUT_OF_RANGE, other="due_date")
            if self.estimate is not None:
                check.between("estimate", self.estimate, 0, LARGEST_ESTIMATE)
        return self if title == self.title else replace(self, title=title)
