from api.auth.mutations import AuthMutations
from api.auth.routes import router
from api.shared.slices import ApiSlice
from domain.auth.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(AuthMutations,),
    routers=(router,),
)
