from api.accounts.mutations import AccountMutations
from api.accounts.queries import AccountQueries
from api.accounts.routes import router
from api.shared.slices import ApiSlice
from domain.accounts.model import User
from domain.accounts.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    queries=(AccountQueries,),
    mutations=(AccountMutations,),
    nodes={
        User: lambda app: app.read.users.by_ids,
    },
    routers=(router,),
)
