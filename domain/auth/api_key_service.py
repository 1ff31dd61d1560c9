from collections.abc import Sequence
from dataclasses import replace

from domain.accounts.model import User, UserId
from domain.auth.api_keys import hint_of, new_api_key
from domain.auth.commands import ApiKeyDraft
from domain.auth.model import MOST_API_KEYS, WORKSPACE_PREFIX, ApiKey, ApiKeyId, NewApiKey
from domain.auth.ports import ApiKeyReader, ApiKeyUow
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import LimitExceeded, NotFound
from domain.shared.ids import IdFactory, check_id
from domain.shared.secrets import digest_of
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written


class ApiKeyService:
    """Creates, lists and revokes API keys. Requires a session: API keys cannot use this service."""

    def __init__(self, uow: OpenUow[ApiKeyUow], read: ApiKeyReader, clock: Clock, ids: IdFactory) -> None:
        self._uow = uow
        self._read = read
        self._clock = clock
        self._ids = ids

    async def of_users(self, actor: Actor, users: Sequence[User]) -> Sequence[Sequence[ApiKey]]:
        """The actor's own active keys, newest first; empty for other users."""
        if all(user.id != actor.user_id for user in users):
            return [() for _ in users]
        own = await self._read.of_user(actor.require_session())
        return [own if user.id == actor.user_id else () for user in users]

    async def by_id(self, actor: Actor, key_id: str) -> ApiKey | None:
        """The actor's own key unless it is revoked."""
        own = await self._read.of_user(actor.require_session())
        return next((key for key in own if key.id == key_id), None)

    async def create(self, actor: Actor, draft: ApiKeyDraft) -> Written[NewApiKey]:
        """Creates a key; raises Rejected naming every broken rule, NotFound for a foreign workspace, LimitExceeded."""
        user_id = UserId(actor.require_session())
        key = new_api_key()
        key_id = ApiKeyId(self._ids.new(ApiKey.prefix))
        made = ApiKey.drafted(draft, id=key_id, user_id=user_id, hint=hint_of(key), now=self._clock.now())
        for workspace_id in made.workspace_ids or ():
            check_id(workspace_id, WORKSPACE_PREFIX, ("workspace_ids",), noun="workspace")
        await actor.reach_workspaces(made.workspace_ids or ())
        for workspace_id in made.workspace_ids or ():
            if not actor.sees(workspace_id):
                raise NotFound("This workspace does not exist or is not visible to you.", path=("workspace_ids",))
        async with self._uow(actor) as uow:
            if await uow.api_keys.count_locked(user_id) >= MOST_API_KEYS:
                raise LimitExceeded(f"A user can have at most {MOST_API_KEYS} API keys. Revoke one first.")
            await uow.api_keys.add_key(made, digest_of(key))
            uow.note(SecurityEventKind.API_KEY_CREATED, user_id=user_id, subject_id=made.id)
            return await uow.commit(NewApiKey(api_key=made, key=key))

    async def revoke(self, actor: Actor, key_id: str) -> Written[str]:
        """Revokes a key of the actor; does nothing if it was revoked before."""
        user_id = actor.require_session()
        check_id(key_id, ApiKey.prefix, ("id",), noun="API key")
        async with self._uow(actor) as uow:
            key = await uow.api_keys.by_id(key_id, for_update=True)
            if key is None or key.user_id != user_id:
                raise NotFound("This API key does not exist or belongs to another user.", path=("id",))
            if key.revoked_at is None:
                await uow.api_keys.save(key, replace(key, revoked_at=uow.now))
                uow.note(SecurityEventKind.API_KEY_REVOKED, user_id=user_id, subject_id=key.id)
            return await uow.commit(key.id)
