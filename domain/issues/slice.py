from domain.issues import events
from domain.issues.errors import IssueErrorCode
from domain.shared.actor import Permission, Role
from domain.shared.slices import Slice

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
    leads_elsewhere=("parent_id",),
)
