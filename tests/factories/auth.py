from dataclasses import asdict
from datetime import UTC, datetime

import factory
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.auth.api_keys import new_api_key
from domain.auth.model import ApiKey, Session
from domain.shared.actor import Scope
from domain.shared.secrets import digest_of
from domain.shared.security import SecurityEvent, SecurityEventKind
from infra.auth.tables import ApiKeyRow
from tests.factories.accounts import IDS
from tests.factories.moments import MADE


class SessionFactory(factory.Factory):
    class Meta:
        model = Session

    id = factory.LazyFunction(lambda: IDS.new(Session.prefix))
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    client_id = "workgraph"
    source = "192.0.2.1"
    device = "Firefox"
    created_at = MADE
    last_used_at = datetime(2099, 12, 31, tzinfo=UTC)
    expires_at = datetime(2100, 1, 1, tzinfo=UTC)
    token_family = factory.LazyAttribute(lambda session: digest_of(session.id))


class ApiKeyFactory(factory.Factory):
    class Meta:
        model = ApiKey

    id = factory.LazyFunction(lambda: IDS.new(ApiKey.prefix))
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    name = "Nightly script"
    scopes = (Scope.ADMIN,)
    workspace_ids = None
    hint = "1234"
    created_at = MADE
    expires_at = datetime(2100, 1, 1, tzinfo=UTC)
    last_used_at = datetime(2100, 1, 1, tzinfo=UTC)  # so that no use is written beside a test


async def store_keys(engine: AsyncEngine, *keys: ApiKey) -> list[str]:
    """Stores the keys under secrets of their own, and returns these."""
    secrets = [new_api_key() for _ in keys]
    rows = [asdict(key) | {"digest": digest_of(secret)} for key, secret in zip(keys, secrets, strict=True)]
    async with engine.begin() as connection:
        await connection.execute(insert(ApiKeyRow), rows)
    return secrets


class SecurityEventFactory(factory.Factory):
    class Meta:
        model = SecurityEvent

    id = factory.LazyFunction(lambda: IDS.new(SecurityEvent.prefix))
    kind = SecurityEventKind.SIGNED_IN
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    actor_id = None
    credential_id = None
    subject_id = None
    workspace_id = None
    address = "192.0.2.1"
    device = "Firefox"
    occurred_at = MADE
