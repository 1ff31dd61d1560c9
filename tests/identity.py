"""Accounts and auth on the real database, with a clock that stands still and a hasher that costs nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.commands import Registration
from domain.accounts.model import User
from domain.accounts.ports import PasswordHasher
from domain.accounts.service import AccountService
from domain.auth.api_key_service import ApiKeyService
from domain.auth.api_keys import ApiKeyHolders
from domain.auth.model import AuthOptions, Tokens
from domain.auth.refresh import RefreshTokens
from domain.auth.service import AuthService
from domain.auth.session_service import SessionService
from domain.shared.actor import Actor, Origin
from domain.shared.throttle import Throttle
from infra.accounts.reader import SqlAccountReader
from infra.auth.key_uses import SqlKeyUses
from infra.auth.keys import AesKeyMaker, derived_key
from infra.auth.reader import SqlApiKeyReader, SqlSessionReader
from infra.auth.tokens import JoseTokenSigner
from infra.db.engine import EngineOptions, Engines, open_engines
from infra.db.read import Reads
from infra.shared.ids import Uuid7IdFactory
from infra.shared.throttle import LocalThrottle
from infra.uow import SqlUowFactory
from tests.factories.accounts import PASSWORD, RegistrationFactory
from tests.fakes.clock import MemoryClock
from tests.fakes.hasher import MemoryPasswordHasher

ISSUER = "https://tracker.example.org"
SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"
HERE = "192.0.2.1"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What one process of the server has."""

    accounts: AccountService
    api_keys: ApiKeyService
    key_uses: SqlKeyUses
    auth: AuthService
    sessions: SessionService
    clock: MemoryClock
    hasher: MemoryPasswordHasher
    engine: AsyncEngine
    signer: JoseTokenSigner
    keys: AesKeyMaker
    throttle_time: MemoryClock

    async def register(self, **fields: str) -> User:
        registration: Registration = RegistrationFactory(**fields)
        return (await self.accounts.register(Actor(), registration)).value

    async def sign_in(self, email: str, password: str = PASSWORD, *, source: str = HERE) -> Tokens:
        actor = Actor(origin=Origin(address=source))
        return await self.auth.sign_in(actor, email, password, client_id="workgraph")

    async def refresh(self, token: str) -> Tokens:
        return await self.auth.refresh(Actor(), token)


def identity_on(
    engines: Engines,
    *,
    clock: MemoryClock | None = None,
    throttle: Throttle | None = None,
    hasher: PasswordHasher | None = None,
) -> Identity:
    clock = clock or MemoryClock()
    throttle_time = MemoryClock()
    ids = Uuid7IdFactory(clock)
    reads = Reads(engines.read)
    uow = SqlUowFactory(engines.write, clock, ids, after_commit=lambda committed: None)
    throttle = throttle or LocalThrottle(lambda: throttle_time.now().timestamp())
    memory_hasher = MemoryPasswordHasher()
    hasher = hasher or memory_hasher
    options = AuthOptions(issuer=ISSUER)
    keys = AesKeyMaker(SECRET, ids)
    signer = JoseTokenSigner(keys, clock, options)
    accounts = SqlAccountReader(reads)
    api_keys = SqlApiKeyReader(reads)
    key_uses = SqlKeyUses(engines.write)
    return Identity(
        accounts=AccountService(uow, accounts, hasher, throttle, clock, ids),
        api_keys=ApiKeyService(uow, api_keys, clock, ids),
        key_uses=key_uses,
        auth=AuthService(
            uow,
            SqlSessionReader(reads),
            accounts,
            hasher,
            signer,
            keys,
            RefreshTokens(derived_key(SECRET, "refresh tokens 1")),
            ApiKeyHolders(api_keys, key_uses, clock),
            throttle,
            clock,
            ids,
            options,
        ),
        sessions=SessionService(uow, SqlSessionReader(reads), clock, options),
        clock=clock,
        hasher=memory_hasher,
        engine=engines.write,
        signer=signer,
        keys=keys,
        throttle_time=throttle_time,
    )


@asynccontextmanager
async def open_identity(url: str) -> AsyncIterator[Identity]:
    async with open_engines(url, EngineOptions()) as engines:
        yield identity_on(engines)
