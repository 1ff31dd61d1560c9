from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.audit.security_types import SecurityEvent
from api.auth.types import ApiKey, Session
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from api.transfers.inputs import everything
from domain.accounts import model
from domain.auth.model import ApiKey as ApiKeyModel
from domain.auth.model import Session as SessionModel
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent as SecurityEventModel
from strawberry_compiled import batched


@strawberry.type(description="A person.")
class User(Node):
    describes = model.User

    name: str = strawberry.field(description="The person's name.")
    initials: str = strawberry.field(description="One to three letters for where the name has no room.")
    time_zone: str = strawberry.field(description="The person's time zone, an IANA name such as Europe/Berlin.")
    is_placeholder: bool = strawberry.field(
        description="Whether this stands for somebody whom an import named and who has not signed up."
    )
    is_deleted: bool = strawberry.field(
        description="Whether the account has been deleted: what its person wrote stays, and nothing tells who it was."
    )
    created_at: datetime = strawberry.field(description="When the person signed up, or was imported.")

    @batched(graphql_type=str | None, description="Your own e-mail address; null for other people.")
    async def email(users: Sequence[model.User], info: Info) -> Sequence[str | None]:
        return [user.email if user.id == info.context.actor.user_id else None for user in users]

    @batched(
        graphql_type=list[ApiKey],
        description="Your own API keys that are not revoked, at most 50, newest first; of other people none.",
    )
    async def api_keys(users: Sequence[model.User], info: Info) -> Sequence[Sequence[ApiKeyModel]]:
        return await info.context.app.api_keys.of_users(info.context.actor, users)

    @connection(
        Session,
        query=everything,
        description="Your own sessions that can be used, the latest sign-in first; of other people none.",
    )
    async def sessions(
        users: Sequence[model.User], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[SessionModel]]:
        return await info.context.app.sessions.of_users(info.context.actor, users, request)

    @connection(
        SecurityEvent,
        query=everything,
        description="What has happened around your own account, the latest first; of other people's nothing.",
    )
    async def security_events(
        users: Sequence[model.User], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[SecurityEventModel]]:
        return await info.context.app.security_log.of_users(info.context.actor, users, request)
