"""What follows from what: event type -> the jobs that its commit inserts.

Every event type stands here; an empty tuple says that nothing follows. Changes caused by an import or a seed
start no job that is listed as outward (mail, webhooks, mentions).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.comments import events as comments
from domain.issues import events as issues
from domain.labels import events as labels
from domain.milestones import events as milestones
from domain.projects import events as projects
from domain.shared.events import Event
from domain.shared.jobs import Job
from domain.workspaces import events as workspaces
from domain.workspaces.jobs import SendMemberWelcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Makes the job that follows from an event; an outward one leaves the server."""

    job: Callable[[Event], Job]
    is_outward: bool = True


REACTIONS: Mapping[type[Event], tuple[Reaction, ...]] = MappingProxyType(
    {
        workspaces.WorkspaceCreated: (),
        workspaces.WorkspaceUpdated: (),
        workspaces.WorkspaceDeleted: (),
        workspaces.MemberAdded: (Reaction(job=lambda event: SendMemberWelcome(member_id=event.subject_id)),),
        workspaces.MemberUpdated: (),
        workspaces.MemberClaimed: (),
        workspaces.MemberRemoved: (),
        workspaces.InvitationCreated: (),
        workspaces.InvitationAccepted: (),
        workspaces.InvitationRevoked: (),
        projects.ProjectCreated: (),
        projects.ProjectUpdated: (),
        projects.ProjectArchived: (),
        projects.ProjectRestored: (),
        projects.ProjectDeleted: (),
        projects.ProjectMemberAdded: (),
        projects.ProjectMemberRemoved: (),
        projects.StateCreated: (),
        projects.StateUpdated: (),
        projects.StateDeleted: (),
        labels.LabelCreated: (),
        labels.LabelUpdated: (),
        labels.LabelDeleted: (),
        milestones.MilestoneCreated: (),
        milestones.MilestoneUpdated: (),
        milestones.MilestoneDeleted: (),
        issues.IssueCreated: (),
        issues.IssueUpdated: (),
        issues.IssueMoved: (),
        issues.IssueArchived: (),
        issues.IssueRestored: (),
        issues.IssueTrashed: (),
        issues.IssuePurged: (),
        comments.CommentCreated: (),
        comments.CommentUpdated: (),
        comments.CommentDeleted: (),
    }
)
