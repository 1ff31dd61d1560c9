import asyncio

import pytest

from domain.accounts.commands import Registration
from domain.accounts.mails import AddressInUse, RegistrationLink
from domain.accounts.model import RegistrationPolicy
from domain.auth.errors import InvalidGrant
from domain.shared.actor import Actor, Origin
from domain.shared.errors import NotFound, PermissionDenied, Rejected, Unavailable
from domain.shared.throttle import TooOften
from infra.db.engine import open_engines
from tests.factories.accounts import PASSWORD
from tests.identity import HERE, ISSUER, Identity, identity_on
from tests.patience import PATIENT

ANN = Registration(email="Ann@Example.org ", name="Ann Lee", password=PASSWORD, time_zone="Europe/Berlin")
NOBODY = Actor(origin=Origin(address=HERE))


async def token_for(identity: Identity, registration: Registration = ANN) -> str:
    await identity.registrations.register(NOBODY, registration)
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    return mail.letter.token


async def test_the_link_makes_the_account(identity: Identity) -> None:
    token = await token_for(identity)
    assert identity.mailer.sent[0].to == "ann@example.org"
    with pytest.raises(InvalidGrant):
        await identity.sign_in("ann@example.org")
    user = (await identity.registrations.verify(NOBODY, token)).value
    assert (user.name, user.email, user.time_zone, user.initials) == (
        "Ann Lee",
        "ann@example.org",
        "Europe/Berlin",
        "AL",
    )
    assert (await identity.actor("ann@example.org")).user_id == user.id
    assert await identity.log() == ["REGISTRATION_ASKED", "SIGN_IN_REFUSED", "REGISTERED", "SIGNED_IN"]


async def test_the_mail_alone_holds_the_secret(identity: Identity) -> None:
    await identity.registrations.register(NOBODY, ANN)
    before = await identity.stored()
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    assert len(mail.letter.token) == 47
    assert mail.letter.token not in before
    assert PASSWORD not in before
    assert mail.letter.url == f"{ISSUER}/auth/verify?token={mail.letter.token}"
    assert "Ann" not in repr(mail.letter), "whoever asks may write nothing into a mail to a stranger"


async def test_a_known_address_learns_by_mail_that_it_is_known(identity: Identity) -> None:
    await identity.register(email="ann@example.org")
    await identity.registrations.register(NOBODY, ANN)
    (mail,) = await identity.deliver()
    assert mail.letter == AddressInUse(url=f"{ISSUER}/auth/password/forgot")


async def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(identity: Identity) -> None:
    token = await token_for(identity)
    await identity.register(email="ann@example.org", password="another good horse battery")
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, token)
    with pytest.raises(InvalidGrant):
        await identity.sign_in("ann@example.org")


async def test_a_newer_link_replaces_the_older_and_each_works_once_until_it_expires(identity: Identity) -> None:
    older = await token_for(identity)
    newer = await token_for(identity)
    before = await identity.stored()
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, older)
    assert await identity.stored() == before
    identity.clock.move(hours=24)
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, newer)
    identity.clock.move(seconds=-1)
    await identity.registrations.verify(NOBODY, newer)
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, newer)


@pytest.mark.verify
async def test_thirty_two_at_once_make_one_account(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines)
        for number in range(50):
            identity.throttle_time.move(hours=1)
            token = await token_for(identity, Registration(email=f"p{number}@example.org", name="P", password=PASSWORD))
            actors = [Actor(origin=Origin(address=f"192.0.2.{host}")) for host in range(32)]
            uses = [identity.registrations.verify(actor, token) for actor in actors]
            ends = await asyncio.gather(*uses, return_exceptions=True)
            refused = [end for end in ends if isinstance(end, NotFound)]
            assert len(refused) == 31
        assert (await identity.log()).count("REGISTERED") == 50


async def test_a_bad_registration_names_every_broken_rule(identity: Identity) -> None:
    bad = Registration(email="ann", name="", password="hunter2", time_zone="Mars/Olympus")
    before = await identity.stored()
    with pytest.raises(Rejected) as refusal:
        await identity.registrations.register(NOBODY, bad)
    assert [error.path for error in refusal.value.errors] == [("email",), ("name",), ("password",), ("time_zone",)]
    assert await identity.stored() == before


async def test_without_mail_nobody_can_register(identity: Identity) -> None:
    identity.mailer.is_set = False
    with pytest.raises(Unavailable, match="cannot send mail"):
        await identity.registrations.register(NOBODY, ANN)


async def test_where_only_the_invited_register_nobody_else_does(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines, policy=RegistrationPolicy.INVITED)
        with pytest.raises(PermissionDenied):
            await identity.registrations.register(NOBODY, ANN)
        assert await identity.deliver() == []


async def test_five_mails_to_one_address_are_enough(identity: Identity) -> None:
    for number in range(5):
        await identity.registrations.register(Actor(origin=Origin(address=f"192.0.2.{number}")), ANN)
    with pytest.raises(TooOften) as refusal:
        await identity.registrations.register(Actor(origin=Origin(address="198.51.100.1")), ANN)
    assert refusal.value.retry_after == 900
    other = Registration(email="bob@example.org", name="Bob", password=PASSWORD)
    await identity.registrations.register(NOBODY, other)


async def test_twenty_registrations_a_minute_from_one_place_are_enough(identity: Identity) -> None:
    for number in range(20):
        await identity.registrations.register(
            NOBODY, Registration(email=f"p{number}@example.org", name="P", password=PASSWORD)
        )
    with pytest.raises(TooOften):
        await identity.registrations.register(NOBODY, ANN)
