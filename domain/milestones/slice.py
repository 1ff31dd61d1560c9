from domain.milestones import events
from domain.shared.slices import Slice

SLICE = Slice(
    name="milestones",
    events={
        events.MilestoneCreated: (),
        events.MilestoneUpdated: (),
        events.MilestoneDeleted: (),
    },
)
