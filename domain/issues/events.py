from typing import ClassVar

from domain.shared.events import Event


class IssueEvent(Event):
    logged: ClassVar[tuple[str, ...]] = (
        "title",
        "description",
        "state_id",
        "priority",
        "milestone_id",
        "parent_id",
        "start_date",
        "due_date",
        "estimate",
        "archived_at",
        "trashed_at",
    )


class IssueCreated(IssueEvent):
    type: ClassVar[str] = "issue.created"


class IssueUpdated(IssueEvent):
    type: ClassVar[str] = "issue.updated"


class IssueMoved(IssueEvent):
    """The issue left the event's project. An `issue.updated` event in its new project follows."""

    type: ClassVar[str] = "issue.moved"


class IssueArchived(IssueEvent):
    type: ClassVar[str] = "issue.archived"


class IssueRestored(IssueEvent):
    type: ClassVar[str] = "issue.restored"


class IssueTrashed(IssueEvent):
    type: ClassVar[str] = "issue.trashed"


class IssuePurged(IssueEvent):
    type: ClassVar[str] = "issue.purged"
