from operator import attrgetter

from domain.issues import events, history
from domain.issues.errors import IssueErrorCode
from domain.issues.model import Issue
from domain.issues.undo import UndoIssues
from domain.issues.update_runs import ISSUE_UPDATE, IssueUpdateRun
from domain.shared.actor import Permission, Role
from domain.shared.history import Shown
from domain.shared.slices import Slice
from domain.shared.undo import Obstacle

ISSUE_WRITE = Permission("change issues", Role.MEMBER)
ISSUE_PURGE = Permission("delete issues permanently", Role.ADMIN)

SLICE = Slice(
    name="issues",
    permissions=(
        ISSUE_WRITE,
        ISSUE_PURGE,
    ),
    error_codes=IssueErrorCode,
    events={
        events.IssueCreated: (),
        events.IssueUpdated: (),
        events.IssueMoved: (),
        events.IssueArchived: (),
        events.IssueRestored: (),
        events.IssueTrashed: (),
        events.IssuePurged: (),
    },
    undo={
        events.IssueCreated: ISSUE_WRITE,
        events.IssueUpdated: ISSUE_WRITE,
        events.IssueMoved: ISSUE_WRITE,
        events.IssueArchived: ISSUE_WRITE,
        events.IssueRestored: ISSUE_WRITE,
        events.IssueTrashed: ISSUE_WRITE,
        events.IssuePurged: Obstacle.PERMANENTLY_DELETED,
    },
    undo_kinds=(
        UndoIssues(
            entity=Issue,
            repository=attrgetter("issues"),
            created=events.IssueCreated,
            updated=events.IssueUpdated,
            withdraw=Issue.trashed,
            follows={"completed_at": "state_id"},
        ),
    ),
    batches={
        ISSUE_UPDATE: IssueUpdateRun(ISSUE_WRITE),
    },
    leads_elsewhere=("parent_id",),
    history=(
        Shown(
            of="issue",
            events={events.IssueCreated: history.IssueCreation},
            fields={
                "title": history.TitleChange,
                "description": history.DescriptionChange,
                "state_id": history.StateChange,
                "priority": history.PriorityChange,
                "estimate": history.EstimateChange,
                "start_date": history.DateChange,
                "due_date": history.DateChange,
                "assignees": history.AssigneesChange,
                "labels": history.LabelsChange,
                "milestone_id": history.MilestoneChange,
                "parent_id": history.ParentChange,
                "project_id": history.ProjectChange,
                "archived_at": history.ArchiveChange,
                "trashed_at": history.TrashChange,
            },
            hidden={
                "number": "changes with the project",
                "creator_id": "changes when a member adopts the placeholder of an import",
                "completed_at": "changes with the state",
                "external_source": "set when an import creates or adopts the issue",
                "external_key": "set when an import creates or adopts the issue",
            },
            halves={events.IssueMoved: "project_id"},
        ),
    ),
)
