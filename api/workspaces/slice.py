from api.shared.slices import ApiSlice
from api.workspaces.mutations import InvitationMutations, WorkspaceMutations
from api.workspaces.queries import WorkspaceQueries
from api.workspaces.routes import router
from domain.workspaces.errors import WorkspaceErrorCode
from domain.workspaces.model import Invitation, Member, Workspace
from domain.workspaces.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    queries=(WorkspaceQueries,),
    mutations=(
        InvitationMutations,
        WorkspaceMutations,
    ),
    nodes={
        Invitation: lambda app: app.invitations.by_ids,
        Member: lambda app: app.read.members.by_ids,
        Workspace: lambda app: app.read.workspaces.by_ids,
    },
    error_codes={WorkspaceErrorCode.LAST_OWNER: "The workspace would be left without an owner."},
    events={
        "member.claimed": "The work of a placeholder was transferred to a member.",
    },
    routers=(router,),
)
