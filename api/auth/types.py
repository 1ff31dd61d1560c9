from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import strawberry

from api.auth.scopes import Scope
from api.shared.context import Info
from domain.auth import model
from strawberry_compiled import batched


@strawberry.type(description="What a program signs in with in your place.")
class ApiKey:
    describes: ClassVar[type] = model.ApiKey

    id: strawberry.ID = strawberry.field(description="For revoking it.")
    name: str = strawberry.field(description="What you call it.")
    scopes: list[Scope] = strawberry.field(description="What it may do, at most 3 scopes.")
    workspace_ids: list[strawberry.ID] | None = strawberry.field(
        description="The workspaces that it opens, at most 50; null for all of yours."
    )
    hint: str = strawberry.field(description="The last four characters of the key.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null if it lives until it is revoked.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to the minute.")


@strawberry.type(description="A sign-in of yours on one device.")
class Session:
    describes: ClassVar[type] = model.Session

    id: strawberry.ID = strawberry.field(description="For ending it.")
    device: str = strawberry.field(description="What the program that signed in said that it is.")
    address: str = strawberry.field(description="The network address of the sign-in; of IPv6 the /64 network.")
    created_at: datetime = strawberry.field(description="When you signed in.")
    last_used_at: datetime = strawberry.field(
        description="When a token was last fetched for it, which programs that are in use do every few minutes."
    )
    expires_at: datetime = strawberry.field(description="When it ends, however often it is used.")

    @batched(graphql_type=bool, description="Whether it is the one that asks.")
    async def is_current(sessions: Sequence[model.Session], info: Info) -> Sequence[bool]:
        return [session.id == info.context.actor.session_id for session in sessions]
