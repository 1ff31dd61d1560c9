"""Invitations: single use, for whom they were made, until they expire, and never above the inviter's rank."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.accounts.model import User
from domain.shared.actor import Role
from domain.shared.errors import Conflict, NotFound, PermissionDenied, Unavailable
from domain.shared.mail import Mail
from domain.shared.throttle import TooOften
from domain.workspaces.commands import MemberChanges
from domain.workspaces.invitation_service import INVALID_INVITATION, INVITATIONS_PER_ADDRESS, INVITATIONS_PER_PERSON
from domain.workspaces.jobs import SendInvitation
from domain.workspaces.mails import WorkspaceInvitation
from domain.workspaces.model import INVITATION_LIFE, Invitation, Member
from infra.workspaces.repository import SqlInvitationRepository, SqlMemberRepository
from tests.platform.domain.workspaces.conftest import CLAIMED, House

ADA = "ada@example.org"


async def stored(house: House, invitation: Invitation) -> Invitation | None:
    async with house.engines.write.connect() as connection:
        return await SqlInvitationRepository(connection).by_id(invitation.id)


async def members(house: House) -> list[Member]:
    async with house.engines.write.connect() as connection:
        return await SqlMemberRepository(connection).of(house.workspace.id)


async def assert_refused(house: House, user: User, token: str) -> None:
    """Every refusal has the same message and changes nothing."""
    before = await house.rows()
    with pytest.raises(NotFound) as refusal:
        await house.invitations.accept(house.actor(user), token)
    assert refusal.value.message == INVALID_INVITATION
    assert (refusal.value.path, refusal.value.failure) == (("token",), "NOT_FOUND")
    assert await house.rows() == before


async def test_an_invited_user_is_mailed_and_joins(house: House) -> None:
    ada = await house.person(email=ADA)
    issued = await house.invite(" Ada@Example.ORG ", Role.ADMIN)
    assert issued.link is None, "the inviter must not be able to accept in the place of the address"
    [job] = await house.jobs(SendInvitation.kind)
    assert job == {"invitation_id": issued.invitation.id, "generation": 1}
    await house.invitations.send(CLAIMED, SendInvitation(**job))

    token = house.token(issued.invitation)
    letter = WorkspaceInvitation(
        inviter="Olga",
        workspace="Acme & Søn",
        role="admin",
        expires_at=house.clock.now() + timedelta(days=7),
        url=f"https://tracker.example.org/auth/invitation?token={token}",
        token=token,
    )
    assert house.mailer.sent == [Mail(id="job_1", to=ADA, letter=letter)]

    member = await house.accept(ada, issued.invitation)
    assert (member.workspace_id, member.user_id, member.role) == (house.workspace.id, ada.id, Role.ADMIN)
    assert member in await members(house)
    assert await stored(house, issued.invitation) == replace(
        issued.invitation, email=None, accepted_at=house.clock.now(), accepted_by_id=ada.id
    )


async def test_no_secret_and_no_address_is_kept_where_it_does_not_belong(house: House) -> None:
    ada = await house.person(email=ADA)
    mailed, linked = await house.invite(ADA), await house.invite()
    everything = repr(await house.rows())
    for invitation in (mailed.invitation, linked.invitation):
        token = house.token(invitation)
        assert len(token) == len("wgi_") + 43, "256 bits"
        assert token.removeprefix("wgi_") not in everything
    logs = await house.rows()
    assert ADA not in repr([logs[name] for name in ("event", "security_event", "job", "idempotency_key")])
    await house.accept(ada, mailed.invitation)
    assert ADA not in repr((await house.rows())["invitation"])


async def test_a_link_admits_the_first_user_who_accepts(house: House) -> None:
    first, second = await house.person(), await house.person()
    issued = await house.invite(role=Role.GUEST)
    token = house.token(issued.invitation)
    assert issued.link == f"https://tracker.example.org/auth/invitation?token={token}"
    assert await house.jobs(SendInvitation.kind) == []
    assert (await house.accept(first, issued.invitation)).role == Role.GUEST
    await assert_refused(house, second, token)


async def test_every_bad_token_gets_the_same_error(house: House) -> None:
    ada, bob = await house.person(email=ADA), await house.person()
    mailed, used, revoked, resent = [(await house.invite(email)).invitation for email in (ADA, None, None, None)]
    await assert_refused(house, bob, house.token(mailed))
    await house.accept(await house.person(), used)
    await assert_refused(house, bob, house.token(used))
    await house.invitations.revoke(house.as_owner, revoked.id)
    await assert_refused(house, bob, house.token(revoked))
    await house.invitations.resend(house.as_owner, resent.id)
    await assert_refused(house, bob, house.token(resent))
    hostile = (
        "",
        "wgi_",
        "wgi_" + "x" * 43,
        "wgr_" + "x" * 43,
        "x" * 100_000,
        "\0",
        "\ud800",
        house.token(mailed) + "\n",
    )
    for token in hostile:
        await assert_refused(house, ada, token)
    house.clock.move(seconds=INVITATION_LIFE.total_seconds())
    await assert_refused(house, ada, house.token(mailed))


async def test_an_invitation_is_valid_until_its_last_moment(house: House) -> None:
    issued = await house.invite()
    house.clock.move(seconds=INVITATION_LIFE.total_seconds() - 0.001)
    assert (await house.accept(await house.person(), issued.invitation)).role == Role.MEMBER


async def test_sending_again_makes_the_first_mail_worthless_and_begins_the_week_anew(house: House) -> None:
    ada = await house.person(email=ADA)
    first = await house.invite(ADA)
    house.clock.move(days=8)
    second = (await house.invitations.resend(house.as_owner, first.invitation.id)).value
    assert second.invitation.expires_at == house.clock.now() + timedelta(days=7)
    await house.deliver(first)
    assert house.mailer.sent == [], "the first mail, if it is late, is not sent at all"
    await house.deliver(second)
    assert [mail.letter.token for mail in house.mailer.sent] == [house.token(second.invitation)]
    await assert_refused(house, ada, house.token(first.invitation))
    await house.accept(ada, second.invitation)


async def test_inviting_an_address_again_replaces_the_earlier_invitation(house: House) -> None:
    ada = await house.person(email=ADA)
    earlier, later = await house.invite(ADA, Role.ADMIN), await house.invite(ADA, Role.GUEST)
    await assert_refused(house, ada, house.token(earlier.invitation))
    await house.deliver(earlier)
    assert house.mailer.sent == []
    assert (await house.accept(ada, later.invitation)).role == Role.GUEST


async def test_an_admin_cannot_replace_what_an_owner_has_promised(house: House) -> None:
    admin = await house.person()
    await house.join(admin, Role.ADMIN)
    await house.invite(ADA, Role.OWNER)
    before = await house.rows()
    with pytest.raises(PermissionDenied):
        await house.invite(ADA, Role.MEMBER, by=house.actor(admin, Role.ADMIN))
    assert await house.rows() == before


async def test_members_are_not_invited_and_do_not_use_links_up(house: House) -> None:
    ada = await house.person(email=ADA)
    issued = await house.invite()
    await house.join(ada)
    before = await house.rows()
    with pytest.raises(Conflict) as invited:
        await house.invite(ADA)
    assert (invited.value.path, invited.value.failure) == (("email",), "ALREADY_EXISTS")
    with pytest.raises(Conflict) as accepted:
        await house.accept(ada, issued.invitation)
    assert (accepted.value.path, accepted.value.failure) == (("token",), "ALREADY_EXISTS")
    assert await house.rows() == before
    await house.accept(await house.person(), issued.invitation)


async def test_an_accepted_or_revoked_invitation_cannot_be_resent_or_revoked(house: House) -> None:
    accepted, revoked = [(await house.invite()).invitation for _ in range(2)]
    await house.accept(await house.person(), accepted)
    await house.invitations.revoke(house.as_owner, revoked.id)
    before = await house.rows()
    for invitation in (accepted, revoked):
        for use in (house.invitations.resend, house.invitations.revoke):
            with pytest.raises(Conflict):
                await use(house.as_owner, invitation.id)
    assert await house.rows() == before


async def test_an_invitation_ends_when_its_inviter_loses_the_permission(house: House) -> None:
    """Former members cannot rejoin through links that they created."""
    owner, admin, bob = await house.person(), await house.person(), await house.person()
    second_owner, second_admin = await house.join(owner, Role.OWNER), await house.join(admin, Role.ADMIN)
    by_owner = await house.invite(role=Role.OWNER, by=house.actor(owner, Role.OWNER))
    by_admin = await house.invite(role=Role.ADMIN, by=house.actor(admin, Role.ADMIN))
    kept = await house.invite(role=Role.ADMIN, by=house.actor(owner, Role.OWNER))
    await house.workspaces.change_role(house.as_owner, second_owner.id, MemberChanges(role=Role.ADMIN))
    await house.workspaces.remove_member(house.as_owner, second_admin.id)
    await assert_refused(house, bob, house.token(by_owner.invitation))
    await assert_refused(house, admin, house.token(by_admin.invitation))
    assert (await house.accept(bob, kept.invitation)).role == Role.ADMIN, "what an admin may promise, too"


async def test_resending_an_invitation_changes_its_inviter(house: House) -> None:
    admin, ada = await house.person(), await house.person(email=ADA)
    member = await house.join(admin, Role.ADMIN)
    issued = await house.invite(ADA, by=house.actor(admin, Role.ADMIN))
    await house.workspaces.remove_member(house.as_owner, member.id)
    again = (await house.invitations.resend(house.as_owner, issued.invitation.id)).value
    assert again.invitation.created_by_id == house.owner.id
    assert (await house.accept(ada, again.invitation)).role is Role.MEMBER


async def test_without_mail_only_links_are_made(house: House) -> None:
    house.mailer.is_set = False
    before = await house.rows()
    with pytest.raises(Unavailable):
        await house.invite(ADA)
    assert await house.rows() == before
    assert (await house.invite()).link is not None


async def test_a_removed_member_can_be_invited_again(house: House) -> None:
    ada = await house.person(email=ADA)
    for _ in range(2):
        member = await house.accept(ada, (await house.invite(ADA)).invitation)
        await house.workspaces.remove_member(house.as_owner, member.id)
    assert [each.user_id for each in await members(house)] == [house.owner.id]


async def test_a_deleted_workspace_takes_its_invitations_along(house: House) -> None:
    issued = await house.invite(ADA)
    await house.workspaces.delete(house.as_owner, house.workspace.id)
    assert await stored(house, issued.invitation) is None
    await house.deliver(issued)
    assert house.mailer.sent == []


async def test_each_step_is_in_the_security_log(house: House) -> None:
    ada = await house.person(email=ADA)
    first, second = await house.invite(ADA), await house.invite()
    await house.invitations.resend(house.as_owner, second.invitation.id)
    await house.invitations.revoke(house.as_owner, second.invitation.id)
    await house.accept(ada, first.invitation)
    olga = house.owner.id
    assert await house.log() == [
        ("INVITED", None, olga, first.invitation.id),
        ("INVITED", None, olga, second.invitation.id),
        ("INVITED", None, olga, second.invitation.id),
        ("INVITATION_REVOKED", None, olga, second.invitation.id),
        ("INVITATION_ACCEPTED", ada.id, ada.id, first.invitation.id),
    ]


async def test_one_person_does_not_flood_one_address(house: House) -> None:
    for _ in range(INVITATIONS_PER_ADDRESS):
        last = await house.invite(ADA)
    before = await house.rows()
    with pytest.raises(TooOften) as refusal:
        await house.invite(ADA)
    with pytest.raises(TooOften):
        await house.invitations.resend(house.as_owner, last.invitation.id)
    assert refusal.value.retry_after == 86_400
    assert await house.rows() == before
    await house.invite("bob@example.org")
    house.throttle_time.move(days=1)
    await house.invite(ADA)


async def test_one_person_does_not_invite_the_world(house: House) -> None:
    for number in range(INVITATIONS_PER_PERSON):
        await house.invite(f"person{number}@example.org")
    before = await house.rows()
    with pytest.raises(TooOften) as refusal:
        await house.invite()
    assert refusal.value.retry_after == 3_600
    assert await house.rows() == before
    house.throttle_time.move(hours=1)
    await house.invite()


async def test_refused_invitations_do_not_count_toward_the_limit(house: House) -> None:
    guest = await house.person()
    await house.join(guest, Role.GUEST)
    for _ in range(INVITATIONS_PER_PERSON + 1):
        with pytest.raises(PermissionDenied):
            await house.invite(by=house.actor(guest, Role.GUEST))
    await house.invite()


async def one_of_32(house: House) -> None:
    people = [await house.person() for _ in range(32)]
    before = len(await members(house))
    issued = await house.invite()
    outcomes = await asyncio.gather(
        *(house.accept(person, issued.invitation) for person in people), return_exceptions=True
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, Member)]
    assert len(winners) == 1
    assert {str(outcome) for outcome in outcomes if not isinstance(outcome, Member)} == {INVALID_INVITATION}
    assert len(await members(house)) == before + 1
    await house.workspaces.remove_member(house.as_owner, winners[0].id)


async def test_of_32_users_accepting_one_link_at_once_one_joins(house: House) -> None:
    for _ in range(3):
        await one_of_32(house)


@pytest.mark.verify
async def test_of_32_users_accepting_one_link_at_once_one_joins_50_times(house: House) -> None:
    """T12 of the plan of tests."""
    for _ in range(50):
        await one_of_32(house)
        house.throttle_time.move(hours=1)


async def test_a_user_accepting_32_times_at_once_joins_once(house: House) -> None:
    ada = await house.person(email=ADA)
    issued = await house.invite(ADA)
    outcomes = await asyncio.gather(*(house.accept(ada, issued.invitation) for _ in range(32)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Member", *["NotFound"] * 31]
    assert len(await members(house)) == 2


async def test_a_user_accepting_16_links_at_once_joins_once(house: House) -> None:
    """The other links stay good."""
    ada = await house.person()
    issued = [await house.invite() for _ in range(16)]
    outcomes = await asyncio.gather(*(house.accept(ada, each.invitation) for each in issued), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 15, "Member"]
    assert len(await members(house)) == 2
    unused = [each for each in issued if (await stored(house, each.invitation)).is_open]
    assert len(unused) == 15


async def test_one_address_invited_by_many_at_once_has_one_invitation(house: House) -> None:
    admins = [await house.person() for _ in range(8)]
    for admin in admins:
        await house.join(admin, Role.ADMIN)
    outcomes = await asyncio.gather(
        *(house.invite(ADA, by=house.actor(admin, Role.ADMIN)) for admin in admins), return_exceptions=True
    )
    kinds = {type(outcome).__name__ for outcome in outcomes}
    assert kinds <= {"IssuedInvitation", "Conflict"}
    async with house.engines.write.connect() as connection:
        waiting = await SqlInvitationRepository(connection).open_for(house.workspace.id, ADA)
    assert waiting is not None
    made = [outcome.invitation for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert [each.id for each in made if (await stored(house, each)).is_open] == [waiting.id]


async def test_revoking_and_accepting_at_once_is_one_or_the_other(house: House) -> None:
    for _ in range(10):
        person, issued = await house.person(), await house.invite()
        accepted, revoked = await asyncio.gather(
            house.accept(person, issued.invitation),
            house.invitations.revoke(house.as_owner, issued.invitation.id),
            return_exceptions=True,
        )
        is_in = person.id in [member.user_id for member in await members(house)]
        assert is_in is isinstance(accepted, Member)
        assert is_in is isinstance(revoked, Conflict)
