from domain.shared.slices import Slice
from domain.undo.work import CHANGE_SET_UNDO, ChangeSetUndoing

SLICE = Slice(
    name="undo",
    batches={
        CHANGE_SET_UNDO: ChangeSetUndoing(),
    },
)
