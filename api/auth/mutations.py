from typing import Any

import strawberry

from api.auth.inputs import ApiKeyCreateInput, ApiKeyRevokeInput, SessionEndInput, SessionsEndOthersInput
from api.auth.types import ApiKey
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation, revision_of


@strawberry.type(description="The answer to apiKeyCreate.")
class ApiKeyCreatePayload(Payload):
    api_key: ApiKey | None = strawberry.field(description="The new key.")
    key: str | None = strawberry.field(
        description="The secret, to be sent as bearer token. Shown once: null in the answer to a retry, since the "
        "server keeps only a digest. If the first answer was lost, revoke the key and create another."
    )

    @classmethod
    async def reread(cls, info: Info, subject_id: str) -> Any:
        return await info.context.app.api_keys.by_id(info.context.actor, subject_id)


@strawberry.type(description="The answer to apiKeyRevoke.")
class ApiKeyRevokePayload(Payload):
    deleted_api_key_id: strawberry.ID | None = strawberry.field(
        description="The id of the key that opens nothing any more."
    )


@strawberry.type(description="The answer to sessionEnd.")
class SessionEndPayload(Payload):
    deleted_session_id: strawberry.ID | None = strawberry.field(description="The id of the session that has ended.")


@strawberry.type(description="The answer to sessionsEndOthers.")
class SessionsEndOthersPayload(Payload):
    ended_count: int | None = strawberry.field(description="Number of sessions that were ended.")


@strawberry.type
class AuthMutations:
    @mutation(description="Makes an API key; takes a person who has signed in.")
    async def api_key_create(self, info: Info, input: ApiKeyCreateInput) -> ApiKeyCreatePayload:
        made = (await info.context.app.api_keys.create(info.context.actor, to_domain(input))).value
        return ApiKeyCreatePayload(api_key=made.api_key, key=made.key)  # type: ignore[arg-type]  # Strawberry takes the entity for its type

    @mutation(description="Ends an API key; takes a person who has signed in.")
    async def api_key_revoke(self, info: Info, input: ApiKeyRevokeInput) -> ApiKeyRevokePayload:
        return ApiKeyRevokePayload.of(await info.context.app.api_keys.revoke(info.context.actor, input.id))

    @mutation(description="Ends a session of yours: its tokens are refused from now on, its sockets close in seconds.")
    async def session_end(self, info: Info, input: SessionEndInput) -> SessionEndPayload:
        return SessionEndPayload.of(await info.context.app.sessions.end(info.context.actor, input.id))

    @mutation(description="Ends all your sessions but the one that asks.")
    async def sessions_end_others(self, info: Info, input: SessionsEndOthersInput) -> SessionsEndOthersPayload:
        written = await info.context.app.sessions.end_others(info.context.actor)
        return SessionsEndOthersPayload(ended_count=written.value.ended_count, revision=revision_of(written))
