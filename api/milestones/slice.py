from api.milestones.mutations import MilestoneMutations
from api.milestones.types import ProjectMilestones
from api.projects.types import Project
from api.shared.slices import ApiSlice
from domain.milestones.model import Milestone
from domain.milestones.slice import MILESTONES
from domain.milestones.slice import SLICE as RULES
from domain.shared.actor import Role

SLICE = ApiSlice(
    domain=RULES,
    mutations=(MilestoneMutations,),
    fields={
        Project: ProjectMilestones,
    },
    nodes={
        Milestone: lambda app: app.read.milestones.by_ids,
    },
    batches={
        MILESTONES.kind: "Moves the issues of a milestone to another one, and deletes the milestone.",
    },
    roles={
        Role.MEMBER: "Creates and updates milestones.",
    },
)
