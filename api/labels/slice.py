from api.labels.mutations import LabelMutations
from api.labels.types import WorkspaceLabels
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.labels.model import Label
from domain.labels.slice import LABELS
from domain.labels.slice import SLICE as RULES
from domain.shared.actor import Role

SLICE = ApiSlice(
    domain=RULES,
    mutations=(LabelMutations,),
    fields={
        Workspace: WorkspaceLabels,
    },
    nodes={
        Label: lambda app: app.read.labels.by_ids,
    },
    batches={
        LABELS.kind: "Replaces a label on its issues by another one, or removes it from them, and deletes the label.",
    },
    roles={
        Role.MEMBER: "Creates and updates labels.",
    },
)
