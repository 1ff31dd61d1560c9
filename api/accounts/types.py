from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.auth.types import ApiKey
from api.execution import batched
from api.shared.context import Info
from api.shared.node import Node
from domain.accounts import model
from domain.auth.model import ApiKey as ApiKeyModel


@strawberry.type(description="A person.")
class User(Node):
    describes = model.User

    name: str = strawberry.field(description="The person's name.")
    is_placeholder: bool = strawberry.field(
        description="Whether this stands for somebody whom an import named and who has not signed up."
    )
    created_at: datetime = strawberry.field(description="When the person signed up, or was imported.")

    @batched(
        graphql_type=list[ApiKey],
        description="Your own API keys that are not revoked, at most 50, newest first; of other people none.",
    )
    async def api_keys(users: Sequence[model.User], info: Info) -> Sequence[Sequence[ApiKeyModel]]:
        return await info.context.app.api_keys.of_users(info.context.actor, users)
