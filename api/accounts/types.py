from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.audit.security_types import SecurityEvent
from api.auth.types import ApiKey, Session
from api.shared.connections import connection, everything
from api.shared.context import Info
from api.shared.fields import batched
from api.shared.node import Node
from domain.accounts import model
from domain.auth.model import MOST_API_KEYS
from domain.auth.model import ApiKey as ApiKeyModel
from domain.auth.model import Session as SessionModel
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent as SecurityEventModel


@strawberry.type(description="A person with an account, or a placeholder for a person whom an import named.")
class User(Node):
    describes = model.User
    is_read_as_rows = True

    name: str = strawberry.field(description="Display name of the user, at most 80 characters.")
    initials: str = strawberry.field(
        description="Initials of the user, 1 to 3 characters: chosen by the user or derived from `name`."
    )
    time_zone: str = strawberry.field(
        description="Time zone of the user: an IANA name such as `Europe/Berlin`. Default: `UTC`."
    )
    is_placeholder: bool = strawberry.field(
        description="Whether the user is a placeholder that an import created for a person without an account. "
        "Nobody can sign in as a placeholder."
    )
    is_deleted: bool = strawberry.field(
        description="Whether the account has been deleted. Content created by a deleted user remains, without the "
        "name of the user."
    )
    created_at: datetime = strawberry.field(description="Time when the user signed up or was created by an import.")

    @batched(
        graphql_type=str | None,
        needs=("id", "email"),
        description="Email address of the user. Null for all users except yourself.",
    )
    async def email(users: Sequence[model.User], info: Info) -> Sequence[str | None]:
        return [user.email if user.id == info.context.actor.user_id else None for user in users]

    @batched(
        graphql_type=list[ApiKey],
        at_most=MOST_API_KEYS,
        needs=("id",),
        description="API keys of the user that have not been revoked, newest first, at most 50. Empty for all "
        "users except yourself. Requires a session: API keys cannot list the keys of their owner.",
    )
    async def api_keys(users: Sequence[model.User], info: Info) -> Sequence[Sequence[ApiKeyModel]]:
        return await info.context.app.api_keys.of_users(info.context.actor, users)

    @connection(
        Session,
        query=everything,
        needs=("id",),
        description="Active sessions of the user, newest sign-in first. Empty for all users except yourself.",
    )
    async def sessions(
        users: Sequence[model.User], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[SessionModel]]:
        return await info.context.app.sessions.of_users(info.context.actor, users, request)

    @connection(
        SecurityEvent,
        query=everything,
        needs=("id",),
        description="Security log of the user's account, newest event first. Empty for all users except yourself.",
    )
    async def security_events(
        users: Sequence[model.User], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[SecurityEventModel]]:
        return await info.context.app.security_log.of_users(info.context.actor, users, request)
