from domain.batches.events import BatchStarted
from domain.shared.slices import Slice

SLICE = Slice(
    name="batches",
    events={
        BatchStarted: (),
    },
    undo={
        BatchStarted: None,
    },
)
