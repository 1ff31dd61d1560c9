import asyncio
from dataclasses import replace

import pytest

from domain.accounts.commands import Newcomer
from domain.accounts.mailed_links import PER_SOURCE
from domain.accounts.mails import AddressInUse, RegistrationLink
from domain.accounts.model import RegistrationPolicy
from domain.auth.errors import InvalidGrant
from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import NotFound, PermissionDenied, Rejected, Unavailable
from domain.shared.throttle import TooOften
from infra.db.engine import open_engines
from tests.factories.accounts import PASSWORD
from tests.identity import HERE, ISSUER, Identity, identity_on
from tests.patience import PATIENT

EMAIL = "Ann@Example.org "
ANN = Newcomer(name="Ann Lee", password=PASSWORD, time_zone="Europe/Berlin")
NOBODY = Actor(client=ClientInfo(address=HERE))


async def token_for(identity: Identity, email: str = EMAIL) -> str:
    await identity.registrations.register(NOBODY, email)
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    return mail.letter.token


async def test_the_link_makes_the_account(identity: Identity) -> None:
    token = await token_for(identity)
    assert identity.mailer.sent[0].to == "ann@example.org"
    with pytest.raises(InvalidGrant):
        await identity.sign_in("ann@example.org")
    user = (await identity.registrations.verify(NOBODY, token, ANN)).value
    assert (user.name, user.email, user.time_zone, user.initials) == (
        "Ann Lee",
        "ann@example.org",
        "Europe/Berlin",
        "AL",
    )
    assert (await identity.actor("ann@example.org")).user_id == user.id
    assert await identity.log() == ["REGISTRATION_ASKED", "SIGN_IN_REFUSED", "REGISTERED", "SIGNED_IN"]


async def test_the_mail_alone_holds_the_secret(identity: Identity) -> None:
    await identity.registrations.register(NOBODY, EMAIL)
    before = await identity.stored()
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    assert len(mail.letter.token) == 47
    assert mail.letter.token not in before
    assert mail.letter.url == f"{ISSUER}/auth/verify?token={mail.letter.token}"


async def test_a_known_address_learns_by_mail_that_it_is_known(identity: Identity) -> None:
    await identity.register(email="ann@example.org")
    await identity.registrations.register(NOBODY, EMAIL)
    (mail,) = await identity.deliver()
    assert mail.letter == AddressInUse(url=f"{ISSUER}/auth/password/forgot")


async def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(identity: Identity) -> None:
    token = await token_for(identity)
    await identity.register(email="ann@example.org", password="another good horse battery")
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, token, ANN)
    with pytest.raises(InvalidGrant):
        await identity.sign_in("ann@example.org")


async def test_a_newer_link_replaces_the_older_and_each_works_once_until_it_expires(identity: Identity) -> None:
    older = await token_for(identity)
    newer = await token_for(identity)
    before = await identity.stored()
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, older, ANN)
    assert await identity.stored() == before
    identity.clock.move(hours=24)
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, newer, ANN)
    identity.clock.move(seconds=-1)
    await identity.registrations.verify(NOBODY, newer, ANN)
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, newer, ANN)


@pytest.mark.verify
async def test_thirty_two_at_once_make_one_account(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines)
        for number in range(50):
            identity.throttle_time.move(hours=1)
            token = await token_for(identity, f"p{number}@example.org")
            actors = [Actor(client=ClientInfo(address=f"192.0.2.{host}")) for host in range(32)]
            uses = [identity.registrations.verify(actor, token, ANN) for actor in actors]
            ends = await asyncio.gather(*uses, return_exceptions=True)
            refused = [end for end in ends if isinstance(end, NotFound)]
            assert len(refused) == 31
        assert (await identity.log()).count("REGISTERED") == 50


async def test_an_invalid_address_gets_no_link(identity: Identity) -> None:
    before = await identity.stored()
    with pytest.raises(Rejected) as refusal:
        await identity.registrations.register(NOBODY, "ann")
    assert [error.path for error in refusal.value.errors] == [("email",)]
    assert await identity.stored() == before


BAD = [
    (Newcomer(name="", password="hunter2", time_zone="Mars/Olympus"), ["name", "password", "time_zone"]),
    (Newcomer(name="Ann", password="ann@example.org ann@example.org"), ["password"]),  # told by the address alone
    (Newcomer(name="Ann", password="x" * 1025), ["password"]),
]


@pytest.mark.parametrize(("newcomer", "paths"), BAD)
async def test_a_refused_newcomer_leaves_the_link_good(
    identity: Identity, newcomer: Newcomer, paths: list[str]
) -> None:
    token = await token_for(identity)
    before = await identity.stored()
    for _ in range(3):
        with pytest.raises(Rejected) as refusal:
            await identity.registrations.verify(NOBODY, token, newcomer)
        assert [error.path for error in refusal.value.errors] == [(path,) for path in paths]
    assert await identity.stored() == before
    await identity.registrations.verify(NOBODY, token, ANN)


async def test_a_try_that_the_hasher_had_no_place_for_is_not_counted(identity: Identity) -> None:
    token = await token_for(identity)
    before = await identity.stored()
    identity.hasher.is_full = True
    for _ in range(2 * PER_SOURCE):
        with pytest.raises(Unavailable):
            await identity.registrations.verify(NOBODY, token, ANN)
    assert await identity.stored() == before
    identity.hasher.is_full = False
    await identity.registrations.verify(NOBODY, token, ANN)


async def test_guessing_links_is_bounded_by_the_network_address(identity: Identity) -> None:
    for number in range(PER_SOURCE):
        with pytest.raises(NotFound):
            await identity.registrations.verify(NOBODY, f"wgo_{number:x>43}", ANN)
    with pytest.raises(TooOften) as refusal:
        await identity.registrations.verify(NOBODY, "wgo_" + "x" * 43, ANN)
    assert refusal.value.retry_after == 60


async def test_the_operator_sets_the_minimum_password_length(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines, shortest=20)
        token = await token_for(identity)
        with pytest.raises(Rejected, match="at least 20 characters"):
            await identity.registrations.verify(NOBODY, token, replace(ANN, password="nineteen characters"))
        with pytest.raises(Rejected, match="at least 20 characters"):
            await identity.register(password="nineteen characters")


async def test_registration_requires_mail(identity: Identity) -> None:
    identity.mailer.is_set = False
    with pytest.raises(Unavailable, match="cannot send mail"):
        await identity.registrations.register(NOBODY, EMAIL)


async def test_invitation_only_servers_refuse_other_registrations(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines, policy=RegistrationPolicy.INVITED)
        with pytest.raises(PermissionDenied):
            await identity.registrations.register(NOBODY, EMAIL)
        assert await identity.deliver() == []


async def test_five_mails_to_one_address_are_enough(identity: Identity) -> None:
    for number in range(5):
        await identity.registrations.register(Actor(client=ClientInfo(address=f"192.0.2.{number}")), EMAIL)
    with pytest.raises(TooOften) as refusal:
        await identity.registrations.register(Actor(client=ClientInfo(address="198.51.100.1")), EMAIL)
    assert refusal.value.retry_after == 900
    await identity.registrations.register(NOBODY, "bob@example.org")


async def test_twenty_registrations_a_minute_from_one_place_are_enough(identity: Identity) -> None:
    for number in range(20):
        await identity.registrations.register(NOBODY, f"p{number}@example.org")
    with pytest.raises(TooOften):
        await identity.registrations.register(NOBODY, EMAIL)
