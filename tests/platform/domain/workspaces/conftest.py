"""Workspaces and invitations on the real database, with a clock that tests set and mail kept in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from domain.accounts.model import User
from domain.shared.actor import Actor, Cause, ClientInfo, Role
from domain.shared.jobs import LeasedJob
from domain.workspaces.commands import InvitationDraft, WorkspaceDraft
from domain.workspaces.invitation_service import InvitationService
from domain.workspaces.jobs import SendInvitation
from domain.workspaces.model import Invitation, IssuedInvitation, Member, Workspace
from domain.workspaces.secrets import InvitationSecrets
from domain.workspaces.service import WorkspaceService
from infra.audit.tables import SecurityEventRow
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from infra.jobs.tables import JobRow
from infra.limits.throttle import LocalThrottle
from infra.metadata import metadata
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUowFactory
from infra.workspaces.reader import SqlInvitationReader
from tests import defaults
from tests.factories.accounts import UserFactory, persisted_user
from tests.fakes.clock import MemoryClock
from tests.fakes.hasher import MemoryPasswordHasher
from tests.fakes.mail import MemoryMailer
from tests.patience import PATIENT

FREQUENT = "a password of many people"
CLAIMED = Actor.system(LeasedJob(id="job_1", attempt=1))
CLIENT = ClientInfo(address="192.0.2.7", device="Firefox on a laptop")


@dataclass(frozen=True, kw_only=True)
class House:
    """Workspace with its owner, the services that act on it, and their fakes."""

    engines: Engines
    clock: MemoryClock
    throttle_time: MemoryClock
    mailer: MemoryMailer
    hasher: MemoryPasswordHasher
    secrets: InvitationSecrets
    workspaces: WorkspaceService
    invitations: InvitationService
    owner: User
    workspace: Workspace

    def actor(self, user: User, role: Role | None = None, *, cause: Cause = Cause.USER) -> Actor:
        roles = {self.workspace.id: role} if role is not None else {}
        return Actor(user_id=user.id, roles=roles, cause=cause, client=CLIENT)

    @property
    def as_owner(self) -> Actor:
        return self.actor(self.owner, Role.OWNER)

    async def person(self, **fields: Any) -> User:
        return await persisted_user(self.engines.write, UserFactory(**fields))

    async def invite(
        self, email: str | None = None, role: Role = Role.MEMBER, *, by: Actor | None = None
    ) -> IssuedInvitation:
        draft = InvitationDraft(workspace_id=self.workspace.id, email=email, role=role)
        return (await self.invitations.create(by or self.as_owner, draft)).value

    def token(self, invitation: Invitation) -> str:
        """Secret token of the current link of the invitation."""
        return self.secrets.of_invitation(invitation)

    async def accept(self, user: User, invitation: Invitation) -> Member:
        return (await self.invitations.accept(self.actor(user), self.token(invitation))).value

    async def join(self, user: User, role: Role = Role.MEMBER, *, cause: Cause = Cause.USER) -> Member:
        issued = await self.invite(role=role)
        actor = self.actor(user, cause=cause)
        return (await self.invitations.accept(actor, self.token(issued.invitation))).value

    async def deliver(self, issued: IssuedInvitation) -> None:
        job = SendInvitation(invitation_id=issued.invitation.id, generation=issued.invitation.generation)
        await self.invitations.send(CLAIMED, job)

    async def jobs(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of the jobs of that kind."""
        found = select(JobRow.payload).where(JobRow.kind == kind).order_by(JobRow.id)
        async with self.engines.write.connect() as connection:
            return list((await connection.execute(found)).scalars())

    async def log(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """Kind, whose account, who acted and subject of each line of the security log."""
        columns = (
            SecurityEventRow.kind,
            SecurityEventRow.user_id,
            SecurityEventRow.actor_id,
            SecurityEventRow.subject_id,
        )
        async with self.engines.write.connect() as connection:
            rows = await connection.execute(select(*columns).order_by(SecurityEventRow.id))
            return [(row[0].name, *row[1:]) for row in rows]

    async def rows(self) -> dict[str, list[str]]:
        """Stored rows by table, to prove that nothing has changed."""
        async with self.engines.write.connect() as connection:
            return {
                table.name: sorted(map(repr, await connection.execute(select(table))))
                for table in metadata.sorted_tables
            }


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    clock, throttle_time, mailer, hasher = MemoryClock(), MemoryClock(), MemoryMailer(), MemoryPasswordHasher()
    ids = Uuid7IdFactory(clock)
    secrets = InvitationSecrets(b"k" * 32)
    throttle = LocalThrottle(lambda: throttle_time.now().timestamp())
    url = "https://tracker.example.org"
    rules = defaults.password_rules(common={FREQUENT})
    async with open_engines(database, PATIENT) as engines:
        uow = SqlUowFactory(engines.write, clock, ids, lambda committed: None)
        reader = SqlInvitationReader(ReadSession(engines.read))
        workspaces = WorkspaceService(uow, ids, mailer, public_url=url)
        owner = await persisted_user(engines.write, UserFactory(name="Olga", email="olga@example.org"))
        draft = WorkspaceDraft(slug="acme", name="Acme & Søn")
        yield House(
            engines=engines,
            clock=clock,
            throttle_time=throttle_time,
            mailer=mailer,
            hasher=hasher,
            secrets=secrets,
            workspaces=workspaces,
            invitations=InvitationService(
                uow, reader, secrets, throttle, clock, ids, mailer, hasher, rules, public_url=url
            ),
            owner=owner,
            workspace=(await workspaces.create(Actor(user_id=owner.id), draft)).value,
        )
