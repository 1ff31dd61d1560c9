import strawberry

from api.accounts.types import User
from api.shared.context import Info


@strawberry.type
class AccountQueries:
    @strawberry.field(
        graphql_type=User, description="The user who is signed in, or the owner of the API key that is used."
    )
    async def viewer(self, info: Info) -> object:
        return await info.context.app.accounts.viewer(info.context.actor)
