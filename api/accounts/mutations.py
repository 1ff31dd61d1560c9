import strawberry

from api.accounts.inputs import ViewerUpdateInput
from api.accounts.types import User
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="The answer to viewerUpdate.")
class ViewerUpdatePayload(Payload):
    viewer: User | None = strawberry.field(description="You, as you are now.")


@strawberry.type
class AccountMutations:
    @mutation(description="Changes your own profile; takes a person who has signed in.")
    async def viewer_update(self, info: Info, input: ViewerUpdateInput) -> ViewerUpdatePayload:
        written = await info.context.app.accounts.update_profile(info.context.actor, to_domain(input))
        return ViewerUpdatePayload.of(written)
