from api.shared.slices import ApiSlice
from api.undo.mutations import UndoMutations
from domain.undo.slice import SLICE as RULES
from domain.undo.work import CHANGE_SET_UNDO

SLICE = ApiSlice(
    domain=RULES,
    mutations=(UndoMutations,),
    batches={
        CHANGE_SET_UNDO: "Undoes a change set.",
    },
)
