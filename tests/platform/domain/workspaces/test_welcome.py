import pytest

from domain.shared.actor import Actor, Cause, Role
from domain.shared.mail import Mail
from domain.workspaces.jobs import SendMemberWelcome
from domain.workspaces.mails import MemberWelcome
from infra.slices import PLATFORM, handlers_of
from tests.factories.workspaces import MemberFactory
from tests.platform.domain.workspaces.conftest import CLAIMED, House
from tests.stored_entities import store

KIND = SendMemberWelcome.kind


async def test_the_welcome_mail_links_to_the_workspace(house: House) -> None:
    house.clock.move(seconds=1)
    user = await house.person(name="Ada", email="ada@example.org")
    member = await house.join(user)

    assert (await house.jobs(KIND))[-1] == {"member_id": member.id}
    await house.workspaces.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    [mail] = house.mailer.sent
    letter = MemberWelcome(person="Ada", workspace="Acme & Søn", url="https://tracker.example.org/acme")
    assert mail == Mail(id="job_1", to="ada@example.org", letter=letter)


async def test_the_founder_gets_no_mail(house: House) -> None:
    [job] = await house.jobs(KIND)

    await house.workspaces.send_welcome(CLAIMED, SendMemberWelcome(**job))

    assert house.mailer.sent == []


async def test_a_member_who_has_left_gets_no_welcome_mail(house: House) -> None:
    house.clock.move(seconds=1)
    user = await house.person()
    member = await house.join(user)
    await house.workspaces.remove_member(house.actor(user, Role.MEMBER), member.id)

    await house.workspaces.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    assert house.mailer.sent == []


async def test_a_placeholder_gets_no_mail(house: House) -> None:
    house.clock.move(seconds=1)
    user = await house.person(is_placeholder=True)
    member = MemberFactory(workspace=house.workspace, user_id=user.id, created_at=house.clock.now())
    await store(house.engines.write, member)

    await house.workspaces.send_welcome(CLAIMED, SendMemberWelcome(member_id=member.id))

    assert house.mailer.sent == []


@pytest.mark.parametrize("cause", [Cause.IMPORT, Cause.SEED])
async def test_an_import_sends_no_welcome_mail(house: House, cause: Cause) -> None:
    before = await house.jobs(KIND)

    await house.join(await house.person(), cause=cause)

    assert await house.jobs(KIND) == before


async def test_the_table_of_handlers_leads_to_the_service() -> None:
    called = []

    class Workspaces:
        async def send_welcome(self, actor: Actor, job: SendMemberWelcome) -> None:
            called.append((actor, job))

    class Face:
        workspaces = Workspaces()

    job = SendMemberWelcome(member_id="mem_1")
    await handlers_of(PLATFORM)[SendMemberWelcome](Face(), CLAIMED, job)  # type: ignore[arg-type]

    assert called == [(CLAIMED, job)]
