from domain.milestones import events
from domain.milestones.replacement import MilestoneReplacement
from domain.shared.batches import BatchKind
from domain.shared.slices import Slice

SLICE = Slice(
    name="milestones",
    events={
        events.MilestoneCreated: (),
        events.MilestoneUpdated: (),
        events.MilestoneDeleted: (),
    },
    batches={
        BatchKind.MILESTONE_REPLACEMENT: MilestoneReplacement(),
    },
)
