from operator import attrgetter

from domain.shared.actor import Permission, Role
from domain.shared.security import SecurityEventKind
from domain.shared.slices import Reaction, Slice
from domain.shared.undo import Obstacle
from domain.shared.undoing import UndoKind
from domain.workspaces import events
from domain.workspaces.errors import WorkspaceErrorCode
from domain.workspaces.jobs import SendMemberWelcome
from domain.workspaces.model import Workspace

MEMBER_MANAGE = Permission("manage members", Role.ADMIN)
OWNER_MANAGE = Permission("manage owners", Role.OWNER)
WORKSPACE_UPDATE = Permission("change the workspace", Role.ADMIN)
WORKSPACE_DELETE = Permission("delete the workspace", Role.OWNER)

SLICE = Slice(
    name="workspaces",
    permissions=(
        MEMBER_MANAGE,
        OWNER_MANAGE,
        WORKSPACE_UPDATE,
        WORKSPACE_DELETE,
    ),
    error_codes=WorkspaceErrorCode,
    events={
        events.WorkspaceCreated: (),
        events.WorkspaceUpdated: (),
        events.WorkspaceDeleted: (),
        events.MemberAdded: (Reaction(job=lambda event: SendMemberWelcome(member_id=event.subject_id)),),
        events.MemberUpdated: (),
        events.MemberClaimed: (),
        events.MemberRemoved: (),
        events.InvitationCreated: (),
        events.InvitationResent: (),
        events.InvitationAccepted: (),
        events.InvitationRevoked: (),
    },
    undo={
        events.WorkspaceUpdated: WORKSPACE_UPDATE,
        events.WorkspaceDeleted: Obstacle.PERMANENTLY_DELETED,
    },
    undo_kinds=(
        UndoKind(
            entity=Workspace,
            repository=attrgetter("workspaces"),
            updated=events.WorkspaceUpdated,
        ),
    ),
    security_events=(
        SecurityEventKind.INVITED,
        SecurityEventKind.INVITATION_ACCEPTED,
        SecurityEventKind.INVITATION_REVOKED,
        SecurityEventKind.MEMBER_ROLE_CHANGED,
        SecurityEventKind.MEMBER_REMOVED,
        SecurityEventKind.WORKSPACE_DELETED,
    ),
    open_to_guests=("workspace",),
)
