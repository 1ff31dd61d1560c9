from typing import Any

import strawberry

from api.auth.inputs import ApiKeyCreateInput, ApiKeyRevokeInput, SessionEndInput, SessionsEndOthersInput
from api.auth.types import ApiKey
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation, revision_of


@strawberry.type(description="Payload of the `apiKeyCreate` mutation.")
class ApiKeyCreatePayload(Payload):
    api_key: ApiKey | None = strawberry.field(description="The new API key. Null if `errors` is not empty.")
    key: str | None = strawberry.field(
        description="Secret key, to be sent as a bearer token. Returned only once: null in the response to a "
        "retry, because the server stores only a digest. If the first response was lost, revoke the "
        "API key and create another."
    )

    @classmethod
    async def reread(cls, info: Info, subject_id: str) -> Any:
        return await info.context.app.api_keys.by_id(info.context.actor, subject_id)


@strawberry.type(description="Payload of the `apiKeyRevoke` mutation.")
class ApiKeyRevokePayload(Payload):
    deleted_api_key_id: strawberry.ID | None = strawberry.field(
        description="ID of the revoked API key. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `sessionEnd` mutation.")
class SessionEndPayload(Payload):
    deleted_session_id: strawberry.ID | None = strawberry.field(
        description="ID of the ended session. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `sessionsEndOthers` mutation.")
class SessionsEndOthersPayload(Payload):
    ended_count: int | None = strawberry.field(
        description="Number of sessions that were ended. Null if `errors` is not empty."
    )


@strawberry.type
class AuthMutations:
    @mutation(
        description="Creates an API key for yourself. A user can have at most 50. API keys cannot use this mutation."
    )
    async def api_key_create(self, info: Info, input: ApiKeyCreateInput) -> ApiKeyCreatePayload:
        made = (await info.context.app.api_keys.create(info.context.actor, to_domain(input))).value
        return ApiKeyCreatePayload(api_key=made.api_key, key=made.key)  # type: ignore[arg-type]  # Strawberry takes the entity for its type

    @mutation(
        description="Revokes one of your API keys: mutations with the key are rejected immediately, queries within 5 "
        "seconds. API keys cannot use this mutation."
    )
    async def api_key_revoke(self, info: Info, input: ApiKeyRevokeInput) -> ApiKeyRevokePayload:
        return ApiKeyRevokePayload.of(await info.context.app.api_keys.revoke(info.context.actor, input.id))

    @mutation(
        description="Ends one of your sessions: its tokens are rejected for mutations immediately, for queries within "
        "5 seconds, and its WebSocket connections close within seconds. API keys cannot use this mutation."
    )
    async def session_end(self, info: Info, input: SessionEndInput) -> SessionEndPayload:
        return SessionEndPayload.of(await info.context.app.sessions.end(info.context.actor, input.id))

    @mutation(description="Ends all of your sessions except the current one. API keys cannot use this mutation.")
    async def sessions_end_others(self, info: Info, input: SessionsEndOthersInput) -> SessionsEndOthersPayload:
        written = await info.context.app.sessions.end_others(info.context.actor)
        return SessionsEndOthersPayload(ended_count=written.value.ended_count, revision=revision_of(written))
