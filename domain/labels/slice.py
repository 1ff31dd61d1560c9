from domain.labels import events
from domain.shared.actor import Permission, Role
from domain.shared.slices import Slice

LABEL_WRITE = Permission("change labels", Role.MEMBER)

SLICE = Slice(
    name="labels",
    permissions=(LABEL_WRITE,),
    events={
        events.LabelCreated: (),
        events.LabelUpdated: (),
        events.LabelDeleted: (),
    },
    open_to_guests=("label",),
)
