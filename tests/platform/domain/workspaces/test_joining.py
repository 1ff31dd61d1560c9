"""Signing up through an invitation: its mail has proved the address."""

import asyncio

import pytest

from domain.accounts.commands import Registration
from domain.accounts.mailed_links import PER_SOURCE
from domain.accounts.model import User
from domain.shared.actor import Actor, Role
from domain.shared.errors import Conflict, NotFound, Rejected, Unavailable
from domain.shared.throttle import TooOften
from domain.workspaces.invitation_service import INVALID_INVITATION
from domain.workspaces.model import INVITATION_LIFE
from infra.workspaces.repository import SqlMemberRepository
from tests.factories.accounts import RegistrationFactory
from tests.platform.domain.workspaces.conftest import CLIENT, FREQUENT, House

ADA = "ada@example.org"
NEWCOMER = Actor(client=CLIENT)


async def register(house: House, token: str, **fields: str) -> User:
    registration: Registration = RegistrationFactory(**{"email": ADA, "name": "Ada", **fields})
    return (await house.invitations.register(NEWCOMER, token, registration)).value


async def assert_refused(house: House, token: str, **fields: str) -> None:
    before = await house.rows()
    with pytest.raises(NotFound) as refusal:
        await register(house, token, **fields)
    assert refusal.value.message == INVALID_INVITATION
    assert refusal.value.path == ("invitation_token",)
    assert await house.rows() == before


async def test_an_invited_person_gets_account_and_membership_at_once(house: House) -> None:
    issued = await house.invite(ADA, Role.GUEST)
    ada = await register(house, house.token(issued.invitation), email=" Ada@Example.ORG ")
    assert (ada.email, ada.name, ada.is_placeholder) == (ADA, "Ada", False)
    async with house.engines.write.connect() as connection:
        member = await SqlMemberRepository(connection).of_user(house.workspace.id, ada.id)
    assert member is not None
    assert member.role is Role.GUEST
    assert len((await house.rows())["password"]) == 1
    assert [line[:2] for line in await house.log()] == [
        ("INVITED", None),
        ("REGISTERED", ada.id),
        ("INVITATION_ACCEPTED", ada.id),
    ]
    await assert_refused(house, house.token(issued.invitation), email="bob@example.org")


async def test_only_a_mailed_invitation_allows_sign_up(house: House) -> None:
    mailed, linked, late = await house.invite(ADA), await house.invite(), await house.invite("late@example.org")
    await assert_refused(house, house.token(mailed.invitation), email="eve@example.org")
    await assert_refused(house, house.token(linked.invitation))
    for token in ("", "wgi_" + "x" * 43, "\0", "\ud800"):
        await assert_refused(house, token)
    house.clock.move(seconds=INVITATION_LIFE.total_seconds())
    await assert_refused(house, house.token(late.invitation), email="late@example.org")


async def test_an_invited_user_with_an_account_signs_in_and_accepts(house: House) -> None:
    """Proves that only a holder of the mailed link learns of the account, and the invitation stays valid."""
    ada = await house.person(email=ADA)
    issued = await house.invite(ADA)
    before = await house.rows()
    with pytest.raises(Conflict) as refusal:
        await register(house, house.token(issued.invitation))
    assert refusal.value.failure == "ALREADY_EXISTS"
    assert await house.rows() == before
    await house.accept(ada, issued.invitation)


async def test_a_bad_password_does_not_spend_the_invitation(house: House) -> None:
    issued = await house.invite(ADA)
    before = await house.rows()
    for password in ("hunter2", FREQUENT):
        with pytest.raises(Rejected):
            await register(house, house.token(issued.invitation), password=password)
    assert await house.rows() == before
    await register(house, house.token(issued.invitation))


async def test_trying_is_bounded_by_the_network_address(house: House) -> None:
    for _ in range(PER_SOURCE):
        await assert_refused(house, "wgi_" + "x" * 43)
    with pytest.raises(TooOften) as refusal:
        await register(house, "wgi_" + "x" * 43)
    assert refusal.value.retry_after == 60


async def test_a_try_that_the_hasher_had_no_place_for_is_not_counted(house: House) -> None:
    issued = await house.invite(ADA)
    before = await house.rows()
    house.hasher.is_full = True
    for _ in range(2 * PER_SOURCE):
        with pytest.raises(Unavailable):
            await register(house, house.token(issued.invitation))
    assert await house.rows() == before
    house.hasher.is_full = False
    await register(house, house.token(issued.invitation))


async def test_of_32_sign_ups_with_one_invitation_at_once_one_succeeds(house: House) -> None:
    issued = await house.invite(ADA)
    token = house.token(issued.invitation)
    people = [Actor() for _ in range(32)]
    registration: Registration = RegistrationFactory(email=ADA)
    outcomes = []
    for start in range(0, len(people), PER_SOURCE):
        house.throttle_time.move(minutes=1)
        batch = people[start : start + PER_SOURCE]
        tries = (house.invitations.register(actor, token, registration) for actor in batch)
        outcomes += await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["NotFound"] * 31, "Written"]
    rows = await house.rows()
    assert (len(rows["account"]), len(rows["member"]), len(rows["password"])) == (2, 2, 1)
