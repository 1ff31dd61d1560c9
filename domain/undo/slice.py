from domain.shared.batches import BatchKind
from domain.shared.slices import Slice
from domain.undo.work import ChangeSetUndoing

SLICE = Slice(
    name="undo",
    batches={
        BatchKind.CHANGE_SET_UNDO: ChangeSetUndoing(),
    },
)
