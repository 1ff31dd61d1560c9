from api.milestones.mutations import MilestoneMutations
from api.shared.slices import ApiSlice
from domain.milestones.model import Milestone
from domain.milestones.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(MilestoneMutations,),
    nodes={
        Milestone: lambda app: app.read.milestones.by_ids,
    },
)
