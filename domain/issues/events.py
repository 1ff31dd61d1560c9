from typing import ClassVar

from domain.shared.events import Event


class IssueCreated(Event):
    type: ClassVar[str] = "issue.created"


class IssueUpdated(Event):
    type: ClassVar[str] = "issue.updated"


class IssueArchived(Event):
    type: ClassVar[str] = "issue.archived"


class IssueRestored(Event):
    type: ClassVar[str] = "issue.restored"


class IssueTrashed(Event):
    type: ClassVar[str] = "issue.trashed"


class IssuePurged(Event):
    type: ClassVar[str] = "issue.purged"
