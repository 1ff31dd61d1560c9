from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import strawberry

from api.auth.scopes import Scope
from api.shared.context import Info
from api.shared.fields import batched
from domain.auth import model


@strawberry.type(description="A credential that lets a program act on your behalf.")
class ApiKey:
    describes: ClassVar[type] = model.ApiKey

    id: strawberry.ID = strawberry.field(description="ID of the API key, as expected by `apiKeyRevoke`.")
    name: str = strawberry.field(description="Name of the API key, at most 80 characters.")
    scopes: list[Scope] = strawberry.field(description="Scopes granted to the API key, at most 3.")
    workspace_ids: list[strawberry.ID] | None = strawberry.field(
        description="IDs of the workspaces that the API key can access, at most 50. Null if it can access all of "
        "your workspaces."
    )
    hint: str = strawberry.field(description="Last four characters of the secret key, to tell API keys apart.")
    created_at: datetime = strawberry.field(description="Time when the API key was created.")
    expires_at: datetime | None = strawberry.field(
        description="Time when the API key expires. Null if it never expires."
    )
    last_used_at: datetime | None = strawberry.field(
        description="Time when the API key was last used, accurate to about a minute. Null if it has not been used."
    )


@strawberry.type(description="A session that started when you signed in on a device.")
class Session:
    describes: ClassVar[type] = model.Session

    id: strawberry.ID = strawberry.field(description="ID of the session, as expected by `sessionEnd`.")
    device: str = strawberry.field(
        description="`User-Agent` header of the client that signed in, at most 200 characters. Empty if the client "
        "sent none."
    )
    address: str = strawberry.field(description="IP address of the client that signed in; for IPv6, its /64 network.")
    created_at: datetime = strawberry.field(description="Time when you signed in.")
    last_used_at: datetime = strawberry.field(
        description="Time when an access token was last issued for the session. Active clients renew their token "
        "every few minutes."
    )
    expires_at: datetime = strawberry.field(
        description="Time when the session expires, no matter how often it is used."
    )

    @batched(graphql_type=bool, description="Whether the session is the one that made the request.")
    async def is_current(sessions: Sequence[model.Session], info: Info) -> Sequence[bool]:
        return [session.id == info.context.actor.session_id for session in sessions]
