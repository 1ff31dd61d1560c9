import pytest

from domain.accounts.mails import AccountNotice, AddressInUse, EmailChangeLink
from domain.auth.errors import InvalidGrant
from domain.auth.proof import TRIES
from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import NotFound, PermissionDenied
from domain.shared.throttle import TooOften
from tests.factories.accounts import PASSWORD
from tests.identity import HERE, ISSUER, Identity

OLD, NEW = "ann@example.org", "ann@example.com"
NOBODY = Actor(client=ClientInfo(address=HERE))


async def asked(identity: Identity) -> str:
    await identity.register(email=OLD)
    await identity.emails.ask(await identity.actor(OLD), PASSWORD, NEW)
    mails = {mail.to: mail.letter for mail in await identity.deliver()}
    assert isinstance(mails[OLD], AccountNotice)
    link = mails[NEW]
    assert isinstance(link, EmailChangeLink)
    assert link.url == f"{ISSUER}/auth/email/verify?token={link.token}"
    return link.token


async def test_a_verified_new_address_takes_effect_and_both_addresses_are_notified(identity: Identity) -> None:
    token = await asked(identity)
    await identity.sign_in(OLD)
    user = (await identity.emails.confirm(NOBODY, token, PASSWORD)).value
    assert user.email == NEW
    told = await identity.deliver()
    assert {mail.to for mail in told} == {OLD, NEW}
    assert {type(mail.letter) for mail in told} == {AccountNotice}
    with pytest.raises(InvalidGrant):
        await identity.sign_in(OLD)
    await identity.sign_in(NEW)
    assert "EMAIL_CHANGED" in await identity.log()
    with pytest.raises(NotFound):
        await identity.emails.confirm(NOBODY, token, PASSWORD)


async def test_a_stranger_whom_the_mail_reached_does_not_get_the_account(identity: Identity) -> None:
    """A link mailed to a mistyped address cannot change the account without the password."""
    token = await asked(identity)
    tokens = await identity.sign_in(OLD)
    for guess in ["", "a wrong guess at it", *["another wrong guess"] * (TRIES - 2)]:
        with pytest.raises(PermissionDenied) as refusal:
            await identity.emails.confirm(NOBODY, token, guess)
        assert refusal.value.failure == "INVALID_CREDENTIALS"
    with pytest.raises(TooOften):
        await identity.emails.confirm(NOBODY, token, PASSWORD)
    assert (await identity.log())[-TRIES:] == ["PASSWORD_REFUSED"] * TRIES
    # What somebody else tries is no lock on the account.
    actor = await identity.auth.authenticate(tokens.access_token)
    await identity.passwords.change(actor, PASSWORD, "an entirely other thing to type")
    await identity.sign_in(OLD, "an entirely other thing to type")


async def test_a_bad_link_costs_no_hash(identity: Identity) -> None:
    token = await asked(identity)
    verified = identity.hasher.verified
    for bad in ("wgo_" + "x" * 43, token[:-1], ""):
        with pytest.raises(NotFound):
            await identity.emails.confirm(NOBODY, bad, PASSWORD)
    assert identity.hasher.verified == verified


async def test_a_wrong_password_asks_for_nothing(identity: Identity) -> None:
    await identity.register(email=OLD)
    actor = await identity.actor(OLD)
    with pytest.raises(PermissionDenied):
        await identity.emails.ask(actor, "a wrong guess at it", NEW)
    assert await identity.deliver() == []


async def test_a_taken_address_is_reported_only_by_mail(identity: Identity) -> None:
    await identity.register(email=OLD)
    await identity.register(email=NEW)
    await identity.emails.ask(await identity.actor(OLD), PASSWORD, NEW)
    letters = {mail.to: type(mail.letter) for mail in await identity.deliver()}
    assert letters == {OLD: AccountNotice, NEW: AddressInUse}


async def test_an_address_that_was_taken_meanwhile_and_an_old_link_are_refused(identity: Identity) -> None:
    token = await asked(identity)
    identity.clock.move(hours=1)
    with pytest.raises(NotFound):
        await identity.emails.confirm(NOBODY, token, PASSWORD)
    identity.clock.move(seconds=-1)
    await identity.register(email=NEW)
    with pytest.raises(NotFound):
        await identity.emails.confirm(NOBODY, token, PASSWORD)
    await identity.sign_in(OLD)
