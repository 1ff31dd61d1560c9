import asyncio

import pytest

from domain.accounts.commands import Newcomer
from domain.accounts.mailed_links import PER_SOURCE
from domain.accounts.mails import AccountNotice, PasswordResetLink
from domain.auth.errors import InvalidGrant, InvalidToken
from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import NotFound, PermissionDenied, Rejected, Unavailable
from domain.shared.throttle import TooOften
from infra.db.engine import open_engines
from tests.factories.accounts import PASSWORD
from tests.identity import HERE, ISSUER, Identity, identity_on
from tests.patience import PATIENT

ANN = "ann@example.org"
NEW = "an entirely other thing to type"
NOBODY = Actor(client=ClientInfo(address=HERE))


async def token_for(identity: Identity, email: str = ANN) -> str:
    await identity.passwords.forgot(NOBODY, email)
    letters = [mail.letter for mail in await identity.deliver() if isinstance(mail.letter, PasswordResetLink)]
    assert len(letters) == 1
    return letters[0].token


async def test_a_forgotten_password_is_replaced_by_the_link(identity: Identity) -> None:
    await identity.register(email=ANN, name="Ann")
    tokens = await identity.sign_in(ANN)
    token = await token_for(identity)
    await identity.passwords.reset(NOBODY, token, NEW)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    with pytest.raises(InvalidGrant):
        await identity.refresh(tokens.refresh_token)
    with pytest.raises(InvalidGrant):
        await identity.sign_in(ANN)
    (notice,) = await identity.deliver()
    assert notice.to == ANN
    assert isinstance(notice.letter, AccountNotice)
    assert await identity.log() == [
        "REGISTERED",
        "SIGNED_IN",
        "PASSWORD_RESET_ASKED",
        "PASSWORD_RESET",
        "SIGN_IN_REFUSED",
    ], "a reset signs nobody in (A26)"
    await identity.sign_in(ANN, NEW)


async def test_a_try_that_the_hasher_had_no_place_for_is_not_counted(identity: Identity) -> None:
    await identity.register(email=ANN)
    token = await token_for(identity)
    before = await identity.stored()
    identity.hasher.is_full = True
    for _ in range(2 * PER_SOURCE):
        with pytest.raises(Unavailable):
            await identity.passwords.reset(NOBODY, token, NEW)
    assert await identity.stored() == before
    identity.hasher.is_full = False
    await identity.passwords.reset(NOBODY, token, NEW)


async def test_a_reset_secret_is_in_the_mail_alone(identity: Identity) -> None:
    await identity.register(email=ANN)
    await identity.passwords.forgot(NOBODY, ANN)
    before = await identity.stored()
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, PasswordResetLink)
    assert mail.letter.url == f"{ISSUER}/auth/password/reset?token={mail.letter.token}"
    assert mail.letter.token not in before


async def test_an_unknown_address_gets_no_mail_and_the_caller_no_hint(identity: Identity) -> None:
    await identity.passwords.forgot(NOBODY, "nobody@example.org")
    assert await identity.deliver() == []


async def test_reset_links_die_of_age_of_newer_ones_and_of_use(identity: Identity) -> None:
    await identity.register(email=ANN)
    older, newer = await token_for(identity), await token_for(identity)
    before = await identity.stored()
    for token in (older, "wgo_" + "a" * 43, "", "x", older.removeprefix("wgo_")):
        with pytest.raises(NotFound):
            await identity.passwords.reset(NOBODY, token, NEW)
    identity.clock.move(minutes=10)
    with pytest.raises(NotFound):
        await identity.passwords.reset(NOBODY, newer, NEW)
    assert await identity.stored() == before
    identity.clock.move(seconds=-1)
    await identity.passwords.reset(NOBODY, newer, NEW)
    with pytest.raises(NotFound):
        await identity.passwords.reset(NOBODY, newer, PASSWORD)
    await identity.sign_in(ANN, NEW)


async def test_a_refused_password_leaves_the_link_good(identity: Identity) -> None:
    await identity.register(email=ANN, name="Ann Persson")
    token = await token_for(identity)
    for bad in ("short", "ann persson ann persson"):
        with pytest.raises(Rejected):
            await identity.passwords.reset(NOBODY, token, bad)
    await identity.passwords.reset(NOBODY, token, NEW)


async def test_links_are_good_for_their_own_purpose_alone(identity: Identity) -> None:
    await identity.register(email=ANN)
    token = await token_for(identity)
    with pytest.raises(NotFound):
        await identity.registrations.verify(NOBODY, token, Newcomer(name="Ann", password=NEW))
    with pytest.raises(NotFound):
        await identity.emails.confirm(NOBODY, token, PASSWORD)
    await identity.passwords.reset(NOBODY, token, NEW)


@pytest.mark.verify
async def test_of_thirty_two_resets_at_once_one_counts(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        identity = identity_on(engines)
        await identity.register(email=ANN)
        for _ in range(50):
            identity.throttle_time.move(hours=1)
            token = await token_for(identity)
            actors = [Actor(client=ClientInfo(address=f"192.0.2.{host}")) for host in range(32)]
            uses = [identity.passwords.reset(actor, token, f"{NEW} {number}") for number, actor in enumerate(actors)]
            ends = await asyncio.gather(*uses, return_exceptions=True)
            assert sorted(type(end).__name__ for end in ends) == ["NoneType"] + ["NotFound"] * 31
            await identity.sign_in(ANN, f"{NEW} {ends.index(None)}")


async def test_a_changed_password_ends_all_other_sessions(identity: Identity) -> None:
    await identity.register(email=ANN)
    other = await identity.sign_in(ANN)
    actor = await identity.actor(ANN)
    link = await token_for(identity)
    await identity.passwords.change(actor, PASSWORD, NEW)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(other.access_token)
    assert (await identity.auth.reload_actor(actor)).user_id == actor.user_id
    with pytest.raises(NotFound):
        await identity.passwords.reset(NOBODY, link, PASSWORD)
    (notice,) = await identity.deliver()
    assert isinstance(notice.letter, AccountNotice)
    assert (notice.to, notice.letter.url) == (ANN, f"{ISSUER}/auth/password/forgot")
    await identity.sign_in(ANN, NEW)


async def test_a_wrong_current_password_changes_nothing_and_is_counted(identity: Identity) -> None:
    await identity.register(email=ANN)
    actor = await identity.actor(ANN)
    for _ in range(5):
        with pytest.raises(PermissionDenied):
            await identity.passwords.change(actor, "a wrong guess at it", NEW)
    with pytest.raises(TooOften):
        await identity.passwords.change(actor, PASSWORD, NEW)
    assert (await identity.log())[2:] == ["PASSWORD_REFUSED"] * 5
    assert await identity.deliver() == []
    await identity.sign_in(ANN)


async def test_forgetting_is_throttled_by_address_alike_for_known_and_unknown(identity: Identity) -> None:
    await identity.register(email=ANN)
    waits = []
    for email in (ANN, "nobody@example.org"):
        for number in range(5):
            await identity.passwords.forgot(Actor(client=ClientInfo(address=f"192.0.2.{number}")), email)
        with pytest.raises(TooOften) as refusal:
            await identity.passwords.forgot(NOBODY, email)
        waits.append(refusal.value.retry_after)
    assert waits == [900, 900]
