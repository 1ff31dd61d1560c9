from api.batches.mutations import BatchMutations
from api.batches.types import WorkspaceBatchRuns
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.batches.slice import SLICE as RULES
from domain.shared.batches import BatchRun

SLICE = ApiSlice(
    domain=RULES,
    mutations=(BatchMutations,),
    fields={
        Workspace: WorkspaceBatchRuns,
    },
    nodes={
        BatchRun: lambda app: app.read.batch_runs.by_ids,
    },
    events={
        "batch.started": "A change of many objects was started.",
    },
)
