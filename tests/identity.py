"""Accounts and auth on the real database, with a clock that the test moves and a hasher that costs nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.commands import Registration
from domain.accounts.mailed_links import MailedLinks
from domain.accounts.model import RegistrationPolicy, User
from domain.accounts.notice_service import NoticeService
from domain.accounts.one_time import OneTimeSecrets
from domain.accounts.ports import PasswordHasher, UserReader
from domain.accounts.registration_service import RegistrationService
from domain.accounts.service import AccountService
from domain.auth.activation_service import ActivationService
from domain.auth.api_key_service import ApiKeyService
from domain.auth.api_keys import ApiKeyHolders
from domain.auth.email_service import EmailService
from domain.auth.model import Tokens
from domain.auth.password_service import PasswordService
from domain.auth.ports import ActorMemory
from domain.auth.proof import PasswordProof
from domain.auth.refresh import RefreshTokens
from domain.auth.service import AuthService
from domain.auth.session_service import SessionService
from domain.shared.actor import Actor, ClientInfo
from domain.shared.jobs import decoded, kinds_of
from domain.shared.mail import Mail
from domain.shared.throttle import Throttle
from domain.workspaces.deletion_service import DeletionService
from domain.workspaces.service import WorkspaceService
from infra.accounts.reader import SqlCredentialReader, SqlUserReader
from infra.audit.tables import SecurityEventRow
from infra.auth.actor_memory import NoMemory
from infra.auth.key_uses import SqlKeyUses
from infra.auth.keys import AesKeyMaker, derived_key
from infra.auth.reader import SqlApiKeyReader, SqlSessionReader
from infra.auth.tokens import JoseTokenSigner
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from infra.jobs.tables import JobRow
from infra.limits.throttle import LocalThrottle
from infra.metadata import metadata
from infra.shared.ids import Uuid7IdFactory
from infra.slices import HANDLERS
from infra.uow import SqlUowFactory
from tests import defaults
from tests.factories.accounts import PASSWORD, RegistrationFactory
from tests.fakes.clock import MemoryClock
from tests.fakes.hasher import MemoryPasswordHasher
from tests.fakes.mail import MemoryMailer
from tests.patience import PATIENT

ISSUER = "https://tracker.example.org"
SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"
HERE = "192.0.2.1"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Services of one server process."""

    accounts: AccountService
    users: UserReader
    api_keys: ApiKeyService
    key_uses: SqlKeyUses
    auth: AuthService
    sessions: SessionService
    registrations: RegistrationService
    passwords: PasswordService
    emails: EmailService
    activations: ActivationService
    deletions: DeletionService
    workspaces: WorkspaceService
    notices: NoticeService
    mailer: MemoryMailer
    clock: MemoryClock
    hasher: MemoryPasswordHasher
    engine: AsyncEngine
    signer: JoseTokenSigner
    keys: AesKeyMaker
    throttle_time: MemoryClock

    async def register(self, **fields: str) -> User:
        registration: Registration = RegistrationFactory(**fields)
        return (await self.accounts.create(Actor(), registration)).value

    async def sign_in(self, email: str, password: str = PASSWORD, *, source: str = HERE) -> Tokens:
        actor = Actor(client=ClientInfo(address=source))
        return await self.auth.sign_in(actor, email, password, client_id="workgraph")

    async def actor(self, email: str, password: str = PASSWORD) -> Actor:
        """The person as a signed-in actor."""
        tokens = await self.sign_in(email, password)
        return await self.auth.authenticate(tokens.access_token, client=ClientInfo(address=HERE))

    async def deliver(self) -> list[Mail]:
        """Runs the jobs that wait, as the worker would, and answers the mails that they sent."""
        app: Any = self
        before = len(self.mailer.sent)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(JobRow.id, JobRow.kind, JobRow.payload).order_by(JobRow.id))).all()
            for _, kind, payload in rows:
                job = decoded(kinds_of(HANDLERS), kind, payload)
                await HANDLERS[type(job)](app, Actor.system(), job)
            await connection.execute(delete(JobRow).where(JobRow.id.in_([row[0] for row in rows])))
            await connection.commit()
        return self.mailer.sent[before:]

    async def log(self) -> list[str]:
        """The kinds of the lines of the security log."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(SecurityEventRow.kind).order_by(SecurityEventRow.id))
            return [kind.name for kind in rows.scalars()]

    async def stored(self) -> str:
        """All stored rows, as text."""
        async with self.engine.connect() as connection:
            found = [(await connection.execute(select(table))).all() for table in metadata.sorted_tables]
        return repr(found)

    async def refresh(self, token: str) -> Tokens:
        return await self.auth.refresh(Actor(), token)


def identity_on(
    engines: Engines,
    *,
    clock: MemoryClock | None = None,
    throttle: Throttle | None = None,
    hasher: PasswordHasher | None = None,
    policy: RegistrationPolicy = RegistrationPolicy.OPEN,
    shortest: int = defaults.SHORTEST,
    memory: ActorMemory | None = None,
) -> Identity:
    clock = clock or MemoryClock()
    throttle_time = MemoryClock()
    ids = Uuid7IdFactory(clock)
    reads = ReadSession(engines.read)
    uow = SqlUowFactory(engines.write, clock, ids, after_commit=lambda committed: None)
    throttle = throttle or LocalThrottle(lambda: throttle_time.now().timestamp())
    memory_hasher = MemoryPasswordHasher()
    hasher = hasher or memory_hasher
    options = defaults.auth(issuer=ISSUER)
    keys = AesKeyMaker(SECRET, ids)
    signer = JoseTokenSigner(keys, clock, options)
    credentials, users = SqlCredentialReader(reads), SqlUserReader(reads)
    api_keys = SqlApiKeyReader(reads)
    key_uses = SqlKeyUses(engines.write)
    mailer = MemoryMailer()
    secrets = OneTimeSecrets(derived_key(SECRET, "one-time links 1"))
    links = MailedLinks(secrets, throttle, clock, ids, mailer, public_url=ISSUER)
    rules = defaults.password_rules(shortest=shortest)
    proof = PasswordProof(uow, credentials, hasher, throttle)
    return Identity(
        users=users,
        accounts=AccountService(uow, users, hasher, clock, ids, rules),
        api_keys=ApiKeyService(uow, api_keys, clock, ids),
        key_uses=key_uses,
        auth=AuthService(
            uow,
            SqlSessionReader(reads),
            credentials,
            hasher,
            signer,
            keys,
            RefreshTokens(derived_key(SECRET, "refresh tokens 1")),
            ApiKeyHolders(api_keys, key_uses, clock),
            memory or NoMemory(),
            throttle,
            clock,
            ids,
            options,
        ),
        sessions=SessionService(uow, SqlSessionReader(reads), clock, options),
        registrations=RegistrationService(
            uow,
            hasher,
            rules,
            links,
            ids,
            policy=policy,
        ),
        passwords=PasswordService(uow, proof, hasher, rules, links),
        emails=EmailService(uow, proof, links),
        activations=ActivationService(uow, proof),
        deletions=DeletionService(uow, proof),
        workspaces=WorkspaceService(uow, ids, mailer, public_url=ISSUER),
        notices=NoticeService(mailer, public_url=ISSUER),
        mailer=mailer,
        clock=clock,
        hasher=memory_hasher,
        engine=engines.write,
        signer=signer,
        keys=keys,
        throttle_time=throttle_time,
    )


@asynccontextmanager
async def open_identity(url: str) -> AsyncIterator[Identity]:
    async with open_engines(url, PATIENT) as engines:
        yield identity_on(engines)
