import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from domain.auth.errors import WRONG_PASSWORD, InvalidGrant, InvalidToken
from domain.auth.model import EndReason
from domain.auth.policies import SPENT_TOKENS_KEPT
from domain.shared.actor import Actor
from domain.shared.secrets import digest_of
from domain.shared.security import SecurityEventKind
from infra.accounts.tables import PasswordRow, UserRow
from infra.audit.tables import SecurityEventRow
from infra.auth.repository import SqlSessionRepository
from infra.auth.tables import RefreshTokenRow, SessionRow
from tests.identity import Identity

ANN = "ann@example.org"


async def live_tokens(identity: Identity) -> int:
    """Number of refresh tokens that are valid now."""
    live = (
        select(func.count())
        .select_from(RefreshTokenRow)
        .join(SessionRow, SessionRow.id == RefreshTokenRow.session_id)
        .where(
            RefreshTokenRow.used_at.is_(None),
            RefreshTokenRow.expires_at > identity.clock.now(),
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > identity.clock.now(),
        )
    )
    async with identity.engine.connect() as connection:
        return (await connection.execute(live)).scalar_one()


async def end_reasons(identity: Identity) -> list[EndReason | None]:
    async with identity.engine.connect() as connection:
        return list((await connection.execute(select(SessionRow.end_reason))).scalars())


async def session_ids(identity: Identity) -> list[str]:
    async with identity.engine.connect() as connection:
        return list((await connection.execute(select(SessionRow.id))).scalars())


async def reuses(identity: Identity) -> list[str]:
    """The sessions of which the security log says that a spent token was presented."""
    kind = SecurityEventKind.REFRESH_TOKEN_REUSED
    async with identity.engine.connect() as connection:
        lines = select(SecurityEventRow.subject_id).where(SecurityEventRow.kind == kind)
        return list((await connection.execute(lines)).scalars())


async def test_a_signed_in_person_is_authenticated(identity: Identity) -> None:
    user = await identity.register(email="Ann@Example.org")
    tokens = await identity.sign_in(" ANN@example.ORG ")
    actor = await identity.auth.authenticate(tokens.access_token)
    assert actor.user_id == user.id
    assert actor.roles == {}
    assert tokens.expires_in == 600
    assert actor.expires_at is not None
    assert (actor.expires_at - identity.clock.now()).total_seconds() == 600
    assert (await identity.auth.reload_actor(actor)) == actor.without_request_data()
    assert (await identity.accounts.viewer(actor)) == user
    async with identity.engine.begin() as connection:
        await connection.execute(update(UserRow).values(name="Ann the Second"))
    assert (await identity.accounts.viewer(actor.without_request_data())).name == "Ann the Second"
    for kept in (actor.acting_for(user.id), await identity.auth.reload_actor(actor)):
        assert type(kept) is Actor
    again = await identity.auth.authenticate(tokens.access_token)
    assert (await identity.accounts.viewer(again)).name == "Ann the Second"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ANN, "wrong horse battery staple"),
        ("bob@example.org", "correct horse battery staple"),
        ("ann\0@example.org", "correct horse battery staple"),
        ("\ud800", "\ud800"),
        (ANN, "x" * 1_000_000),
    ],
)
async def test_wrong_credentials_are_one_answer_after_one_look_at_a_hash(
    identity: Identity, email: str, password: str
) -> None:
    await identity.register(email=ANN)
    with pytest.raises(InvalidGrant, match=WRONG_PASSWORD):
        await identity.sign_in(email, password)
    assert identity.hasher.verified == 1
    assert await live_tokens(identity) == 0


async def test_a_weak_hash_is_upgraded_at_sign_in(identity: Identity) -> None:
    user = await identity.register(email=ANN)
    stored = select(PasswordRow.hash).where(PasswordRow.user_id == user.id)
    async with identity.engine.begin() as connection:
        strong = (await connection.execute(stored)).scalar_one()
        await connection.execute(update(PasswordRow).values(hash=strong.replace("memory$", "weak$")))
    await identity.sign_in(ANN)
    async with identity.engine.connect() as connection:
        assert (await connection.execute(stored)).scalar_one() == strong
    await identity.sign_in(ANN)


async def test_each_refresh_spends_the_token(identity: Identity) -> None:
    await identity.register(email=ANN)
    tokens = [await identity.sign_in(ANN)]
    for _ in range(5):
        identity.clock.move(minutes=10)
        tokens.append(await identity.refresh(tokens[-1].refresh_token))
        assert await live_tokens(identity) == 1
    assert len({each.refresh_token for each in tokens}) == 6
    assert (await identity.auth.authenticate(tokens[-1].access_token)).user_id is not None


async def concurrent_refreshes(identity: Identity, *, rounds: int) -> None:
    await identity.register(email=ANN)
    token = (await identity.sign_in(ANN)).refresh_token
    for number in range(1, rounds + 1):
        answers = await asyncio.gather(*(identity.refresh(token) for _ in range(32)))
        assert len({each.refresh_token for each in answers}) == 1, "one successor, whoever won"
        assert await live_tokens(identity) == 1
        async with identity.engine.connect() as connection:
            spent = select(func.count()).select_from(RefreshTokenRow).where(RefreshTokenRow.used_at.is_not(None))
            generations = (await connection.execute(spent)).scalar_one()
        assert generations == min(number, SPENT_TOKENS_KEPT), "one rotation in each round"
        token = answers[0].refresh_token
        identity.clock.move(minutes=2)


async def test_32_concurrent_refreshes_give_one_token(identity: Identity) -> None:
    await concurrent_refreshes(identity, rounds=5)


@pytest.mark.verify
async def test_32_concurrent_refreshes_give_one_token_100_times(identity: Identity) -> None:
    await concurrent_refreshes(identity, rounds=100)


async def test_one_statement_of_32_rotates(identity: Identity) -> None:
    """The repository alone, without the grace: exactly one winner."""
    await identity.register(email=ANN)
    token = (await identity.sign_in(ANN)).refresh_token
    now = identity.clock.now()

    async def rotate(number: int) -> bool:
        async with identity.engine.begin() as connection:
            repository = SqlSessionRepository(connection)
            return await repository.rotate(digest_of(token), f"next-{number}", now=now, idle_end=now) is not None

    for start in range(0, 32, 8):
        won = await asyncio.gather(*(rotate(number) for number in range(start, start + 8)))
        assert won.count(True) == (1 if start == 0 else 0)


async def test_a_lost_answer_does_not_sign_out(identity: Identity) -> None:
    await identity.register(email=ANN)
    first = (await identity.sign_in(ANN)).refresh_token
    lost = await identity.refresh(first)
    identity.clock.move(seconds=60)
    again = await identity.refresh(first)
    assert again.refresh_token == lost.refresh_token
    assert await live_tokens(identity) == 1
    await identity.refresh(again.refresh_token)
    assert await end_reasons(identity) == [None]


async def test_a_replay_after_the_successor_was_used_ends_the_session(
    identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    await identity.register(email=ANN)
    first = (await identity.sign_in(ANN)).refresh_token
    second = (await identity.refresh(first)).refresh_token
    third = await identity.refresh(second)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first)
    assert await end_reasons(identity) == [EndReason.REUSED]
    assert "refresh token was presented again" in caplog.text
    assert first not in caplog.text
    with pytest.raises(InvalidGrant):
        await identity.refresh(third.refresh_token)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(third.access_token)


@pytest.mark.parametrize("generations", [2, 3, 5])
async def test_an_old_generation_ends_the_session_within_the_grace(identity: Identity, generations: int) -> None:
    """No second has passed: only the latest but one may stand for a lost answer."""
    await identity.register(email=ANN)
    family = [await identity.sign_in(ANN)]
    for _ in range(generations):
        family.append(await identity.refresh(family[-1].refresh_token))
    with pytest.raises(InvalidGrant):
        await identity.refresh(family[0].refresh_token)
    assert await end_reasons(identity) == [EndReason.REUSED]
    assert await live_tokens(identity) == 0
    assert await reuses(identity) == await session_ids(identity)
    for tokens in family:
        with pytest.raises(InvalidGrant):
            await identity.refresh(tokens.refresh_token)
        with pytest.raises(InvalidToken):
            await identity.auth.authenticate(tokens.access_token)
    assert len(await reuses(identity)) == 1, "an ended session is not ended again"


async def test_answers_may_be_lost_again_and_again(identity: Identity) -> None:
    await identity.register(email=ANN)
    token = (await identity.sign_in(ANN)).refresh_token
    for _ in range(5):
        answers = {(await identity.refresh(token)).refresh_token for _ in range(4)}
        assert await live_tokens(identity) == len(answers) == 1
        (token,) = answers
    assert await end_reasons(identity) == [None]
    assert await reuses(identity) == []


async def test_a_retry_after_its_successor_was_used_is_no_lost_answer(identity: Identity) -> None:
    """The thief was first: the owner's retry ends what the thief got."""
    await identity.register(email=ANN)
    first = (await identity.sign_in(ANN)).refresh_token
    stolen = await identity.refresh((await identity.refresh(first)).refresh_token)
    identity.clock.move(seconds=1)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(stolen.access_token)
    assert await reuses(identity) == await session_ids(identity)


async def test_a_replay_after_the_grace_ends_the_session(identity: Identity) -> None:
    await identity.register(email=ANN)
    first = (await identity.sign_in(ANN)).refresh_token
    second = await identity.refresh(first)
    identity.clock.move(seconds=61)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first)
    assert await end_reasons(identity) == [EndReason.REUSED]
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(second.access_token)
    with pytest.raises(InvalidGrant):
        await identity.refresh(second.refresh_token)
    assert await reuses(identity) == await session_ids(identity)


async def test_a_replay_ends_one_session_and_no_other(identity: Identity) -> None:
    await identity.register(email=ANN)
    other = await identity.sign_in(ANN)
    first = (await identity.sign_in(ANN)).refresh_token
    second = (await identity.refresh(first)).refresh_token
    await identity.refresh(second)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first)
    await identity.auth.authenticate(other.access_token)
    await identity.refresh(other.refresh_token)


async def stored_digests(identity: Identity) -> set[str]:
    async with identity.engine.connect() as connection:
        return set((await connection.execute(select(RefreshTokenRow.digest))).scalars())


async def test_a_session_keeps_the_last_three_spent_tokens(identity: Identity) -> None:
    await identity.register(email=ANN)
    other = (await identity.refresh((await identity.sign_in(ANN)).refresh_token)).refresh_token
    others = await stored_digests(identity)
    family = [(await identity.sign_in(ANN)).refresh_token]
    for _ in range(9):
        identity.clock.move(minutes=10)
        family.append((await identity.refresh(family[-1])).refresh_token)
    assert await stored_digests(identity) - others == {digest_of(token) for token in family[-4:]}
    assert others <= await stored_digests(identity), "another session's tokens are not counted"
    await identity.refresh(other)


async def test_a_spent_token_that_is_no_longer_stored_ends_the_session(identity: Identity) -> None:
    """A thief who rotated a stolen token often is found out when its owner presents it."""
    await identity.register(email=ANN)
    owned = (await identity.sign_in(ANN)).refresh_token
    stolen = await identity.refresh(owned)
    for _ in range(SPENT_TOKENS_KEPT + 1):
        identity.clock.move(seconds=1)
        stolen = await identity.refresh(stolen.refresh_token)
    assert digest_of(owned) not in await stored_digests(identity)
    with pytest.raises(InvalidGrant):
        await identity.refresh(owned)
    assert await end_reasons(identity) == [EndReason.REUSED]
    assert await reuses(identity) == await session_ids(identity)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(stolen.access_token)
    with pytest.raises(InvalidGrant):
        await identity.refresh(stolen.refresh_token)


@pytest.mark.parametrize("token", ["", "wgr_", "wgr_" + "A" * 86, "x" * 100_000, "wgr_" + "é" * 86, "wgr_\0"])
async def test_an_unknown_refresh_token_is_refused(identity: Identity, token: str) -> None:
    with pytest.raises(InvalidGrant):
        await identity.refresh(token)


async def test_an_idle_session_ends(identity: Identity) -> None:
    await identity.register(email=ANN)
    token = (await identity.sign_in(ANN)).refresh_token
    identity.clock.move(days=29, hours=23)
    token = (await identity.refresh(token)).refresh_token
    identity.clock.move(days=30)
    assert await live_tokens(identity) == 0
    with pytest.raises(InvalidGrant):
        await identity.refresh(token)
    assert await reuses(identity) == [], "it was late, and no replay"


async def test_a_session_lives_to_the_last_second_before_its_idle_end(identity: Identity) -> None:
    await identity.register(email=ANN)
    token = (await identity.sign_in(ANN)).refresh_token
    for _ in range(2):
        identity.clock.move(days=30, seconds=-1)
        token = (await identity.refresh(token)).refresh_token
    assert await end_reasons(identity) == [None]


async def test_refreshing_does_not_pass_the_absolute_end(identity: Identity) -> None:
    await identity.register(email=ANN)
    tokens = await identity.sign_in(ANN)
    end = identity.clock.now() + timedelta(days=90)
    for _ in range(3):
        identity.clock.move(days=29)
        tokens = await identity.refresh(tokens.refresh_token)
    async with identity.engine.connect() as connection:
        assert (await connection.execute(select(func.max(RefreshTokenRow.expires_at)))).scalar_one() == end
        assert (await connection.execute(select(SessionRow.expires_at))).scalar_one() == end
    identity.clock.move(days=2, hours=23, minutes=55)
    tokens = await identity.refresh(tokens.refresh_token)
    assert tokens.expires_in == 300
    identity.clock.move(minutes=5)
    with pytest.raises(InvalidGrant):
        await identity.refresh(tokens.refresh_token)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)


async def test_an_access_token_ends(identity: Identity) -> None:
    await identity.register(email=ANN)
    tokens = await identity.sign_in(ANN)
    actor = await identity.auth.authenticate(tokens.access_token)
    identity.clock.move(seconds=599)
    await identity.auth.authenticate(tokens.access_token)
    identity.clock.move(seconds=1)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    with pytest.raises(InvalidToken):
        await identity.auth.reload_actor(actor)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_the_session(identity: Identity, kind: str) -> None:
    await identity.register(email=ANN)
    tokens = await identity.sign_in(ANN)
    actor = await identity.auth.authenticate(tokens.access_token)
    await identity.auth.revoke(Actor(), getattr(tokens, kind))
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    with pytest.raises(InvalidToken):
        await identity.auth.reload_actor(actor)
    with pytest.raises(InvalidGrant):
        await identity.refresh(tokens.refresh_token)
    assert await end_reasons(identity) == [EndReason.SIGNED_OUT]


@pytest.mark.parametrize("token", ["", "nothing", "wgr_" + "A" * 86, "a.b.c"])
async def test_revoking_an_unknown_token_changes_nothing(identity: Identity, token: str) -> None:
    await identity.register(email=ANN)
    tokens = await identity.sign_in(ANN)
    await identity.auth.revoke(Actor(), token)
    await identity.auth.authenticate(tokens.access_token)


@pytest.mark.parametrize("actor", [Actor(), Actor.system(), Actor(user_id="usr_x")])
async def test_an_actor_without_a_session_cannot_be_reloaded(identity: Identity, actor: Actor) -> None:
    with pytest.raises(InvalidToken):
        await identity.auth.reload_actor(actor)
