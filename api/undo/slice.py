from api.shared.slices import ApiSlice
from api.undo.mutations import UndoMutations
from domain.undo.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(UndoMutations,),
)
