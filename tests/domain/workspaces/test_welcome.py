from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from domain.accounts.model import User
from domain.job_handlers import HANDLERS
from domain.shared.actor import Actor, Cause, Role
from domain.shared.jobs import ClaimedJob
from domain.shared.mail import Mail
from domain.workspaces.commands import MemberDraft, WorkspaceDraft
from domain.workspaces.jobs import SendMemberWelcome
from domain.workspaces.mails import MemberWelcome
from domain.workspaces.model import Member, Workspace
from domain.workspaces.service import WorkspaceService
from infra.db.engine import EngineOptions, Engines, open_engines
from infra.db.read import Reads
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUowFactory
from infra.workspaces.reader import SqlWorkspaceReader
from tests.factories.accounts import UserFactory, persisted_user
from tests.fakes.mail import MemoryMailer

CLAIMED = Actor.system(ClaimedJob(id="job_1", attempt=1))


@pytest.fixture
async def engines(database: str) -> AsyncIterator[Engines]:
    async with open_engines(database, EngineOptions(pool_size=3)) as engines:
        yield engines


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


@pytest.fixture
def service(engines: Engines, mailer: MemoryMailer) -> WorkspaceService:
    clock = SystemClock()
    ids = Uuid7IdFactory(clock)
    uow = SqlUowFactory(engines.write, clock, ids, lambda committed: None)
    reader = SqlWorkspaceReader(Reads(engines.read))
    return WorkspaceService(uow, reader, clock, ids, mailer, public_url="https://tracker.example.org")


@pytest.fixture
async def owner(engines: Engines) -> User:
    return await persisted_user(engines.write, UserFactory())


@pytest.fixture
async def workspace(service: WorkspaceService, owner: User) -> Workspace:
    draft = WorkspaceDraft(slug="acme", name="Acme & Søn")
    return (await service.create(Actor(user_id=owner.id), draft)).value


async def add(
    service: WorkspaceService, owner: User, workspace: Workspace, user: User, *, cause: Cause = Cause.USER
) -> Member:
    actor = Actor(user_id=owner.id, roles={workspace.id: Role.OWNER}, cause=cause)
    assert user.email is not None
    draft = MemberDraft(workspace_id=workspace.id, email=user.email, role=Role.MEMBER)
    return (await service.add_member(actor, draft)).value


async def welcomes(engines: Engines) -> list[dict[str, str]]:
    async with engines.write.connect() as connection:
        found = await connection.execute(
            text("SELECT payload FROM job WHERE kind = 'workspaces.send_member_welcome' ORDER BY id")
        )
        return list(found.scalars())


async def test_whoever_is_added_is_told_where_the_workspace_is(
    engines: Engines, service: WorkspaceService, mailer: MemoryMailer, owner: User, workspace: Workspace
) -> None:
    user = await persisted_user(engines.write, UserFactory(name="Ada", email="ada@example.org"))
    member = await add(service, owner, workspace, user)

    assert (await welcomes(engines))[-1] == {"member_id": member.id}
    await service.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    [mail] = mailer.sent
    letter = MemberWelcome(person="Ada", workspace="Acme & Søn", url="https://tracker.example.org/acme")
    assert mail == Mail(id="job_1", to="ada@example.org", letter=letter)


async def test_the_founder_gets_no_mail(
    engines: Engines, service: WorkspaceService, mailer: MemoryMailer, workspace: Workspace
) -> None:
    [job] = await welcomes(engines)

    await service.send_welcome(CLAIMED, SendMemberWelcome(**job))

    assert mailer.sent == []


async def test_whoever_has_left_again_gets_no_mail(
    engines: Engines, service: WorkspaceService, mailer: MemoryMailer, owner: User, workspace: Workspace
) -> None:
    user = await persisted_user(engines.write, UserFactory())
    member = await add(service, owner, workspace, user)
    await service.remove_member(Actor(user_id=user.id, roles={workspace.id: Role.MEMBER}), member.id)

    await service.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    assert mailer.sent == []


async def test_a_placeholder_gets_no_mail(
    engines: Engines, service: WorkspaceService, mailer: MemoryMailer, owner: User, workspace: Workspace
) -> None:
    user = await persisted_user(engines.write, UserFactory(is_placeholder=True))
    member = await add(service, owner, workspace, user)

    await service.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    assert mailer.sent == []


@pytest.mark.parametrize("cause", [Cause.IMPORT, Cause.SEED])
async def test_an_import_welcomes_nobody(
    engines: Engines, service: WorkspaceService, owner: User, workspace: Workspace, cause: Cause
) -> None:
    before = await welcomes(engines)
    user = await persisted_user(engines.write, UserFactory())

    await add(service, owner, workspace, user, cause=cause)

    assert await welcomes(engines) == before


async def test_the_table_of_handlers_leads_to_the_service() -> None:
    called = []

    class Workspaces:
        async def send_welcome(self, actor: Actor, job: SendMemberWelcome) -> None:
            called.append((actor, job))

    class Face:
        workspaces = Workspaces()

    job = SendMemberWelcome(member_id="mem_1")
    await HANDLERS[SendMemberWelcome](Face(), CLAIMED, job)  # type: ignore[arg-type]

    assert called == [(CLAIMED, job)]
