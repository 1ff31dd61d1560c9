import strawberry

from api.accounts.inputs import ViewerUpdateInput
from api.accounts.types import User
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="Payload of the `viewerUpdate` mutation.")
class ViewerUpdatePayload(Payload):
    viewer: User | None = strawberry.field(description="The updated user. Null if `errors` is not empty.")


@strawberry.type
class AccountMutations:
    @mutation(description="Updates the profile of the signed-in user. API keys cannot use this mutation.")
    async def viewer_update(self, info: Info, input: ViewerUpdateInput) -> ViewerUpdatePayload:
        written = await info.context.app.accounts.update_profile(info.context.actor, to_domain(input))
        return ViewerUpdatePayload.of(written)
