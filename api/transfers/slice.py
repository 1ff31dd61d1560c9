from api.shared.slices import ApiSlice
from api.transfers.mutations import TransferMutations
from api.transfers.routes import router
from api.transfers.types import WorkspaceImports
from api.workspaces.types import Workspace
from domain.shared.actor import Role
from domain.transfers.claims import MEMBER_CLAIM
from domain.transfers.model import ImportRun
from domain.transfers.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(TransferMutations,),
    fields={
        Workspace: WorkspaceImports,
    },
    nodes={
        ImportRun: lambda app: app.read.imports.by_ids,
    },
    routers=(router,),
    batches={
        MEMBER_CLAIM: "Hands the issues and comments of a placeholder over to a member, and removes the placeholder.",
    },
    roles={
        Role.ADMIN: "Imports files.",
    },
)
