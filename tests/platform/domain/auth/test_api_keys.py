"""API keys: recognizable, hashed, scoped, expiring, shown once (promises A5, A11, A14, A34, A35)."""

import asyncio
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from domain.auth.api_keys import PREFIX, USE_PERIOD, looks_like_api_key, new_api_key
from domain.auth.commands import ApiKeyDraft
from domain.auth.errors import InvalidGrant, InvalidToken
from domain.auth.model import KEY_DAYS, MOST_API_KEYS, MOST_KEY_DAYS, NewApiKey
from domain.shared.actor import Actor, ClientInfo, Role, Scope
from domain.shared.errors import InsufficientScope, LimitExceeded, NotFound, PermissionDenied, Rejected, WrongId
from domain.shared.secrets import digest_of
from infra.audit.tables import SecurityEventRow
from infra.auth.tables import ApiKeyRow
from infra.workspaces.tables import MemberRow
from tests.factories.accounts import IDS
from tests.factories.workspaces import MemberFactory, WorkspaceFactory
from tests.identity import Identity
from tests.patience import PATIENCE
from tests.statements import counted
from tests.stored_entities import store

ANN = "ann@example.org"
LAPTOP = ClientInfo(address="192.0.2.7", device="a laptop")
DRAFT = ApiKeyDraft(name="CI", scopes=(Scope.WRITE,))


async def signed_in(identity: Identity, email: str = ANN) -> Actor:
    await identity.register(email=email)
    tokens = await identity.sign_in(email)
    return await identity.auth.authenticate(tokens.access_token, client=LAPTOP)


async def made(identity: Identity, actor: Actor, draft: ApiKeyDraft = DRAFT) -> NewApiKey:
    return (await identity.api_keys.create(actor, draft)).value


async def everything(identity: Identity) -> str:
    """All of the tables that identity writes to."""
    async with identity.engine.connect() as connection:
        tables = [ApiKeyRow.__table__, SecurityEventRow.__table__]
        return "".join([repr((await connection.execute(select(table))).all()) for table in tables])


async def last_use(identity: Identity) -> object:
    await identity.key_uses.aclose()
    async with identity.engine.connect() as connection:
        return (await connection.execute(select(ApiKeyRow.last_used_at))).scalar_one()


def test_a_key_is_recognized_and_every_typing_error_in_it_too() -> None:
    keys = [new_api_key() for _ in range(200)]
    assert len(set(keys)) == 200
    for key in keys:
        assert key.startswith(PREFIX)
        assert len(key) == 53
        assert looks_like_api_key(key)
    key = keys[0]
    for place in range(len(PREFIX), len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not looks_like_api_key(key[:place] + other + key[place + 1 :]), place
    for wrong in (
        "",
        PREFIX,
        key[:-1],
        key + "a",
        key + "\n",
        key.upper(),
        "wgr_" + key[4:],
        key[:20] + "\u0661" + key[21:],
    ):
        assert not looks_like_api_key(wrong), wrong


def test_a_key_has_256_bits() -> None:
    secrets = "".join(new_api_key()[4:47] for _ in range(500))
    assert 43 * math.log2(62) >= 256
    counts = [secrets.count(letter) for letter in sorted(set(secrets))]
    assert len(counts) == 62
    expected = len(secrets) / 62
    # Five standard deviations: fails by chance once in 30,000 runs.
    assert all(abs(count - expected) < 5 * math.sqrt(expected) for count in counts)


async def test_a_key_speaks_for_its_person_in_the_roles_of_the_moment(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann)
    workspace, other = WorkspaceFactory(), WorkspaceFactory()
    member = MemberFactory(workspace=workspace, user_id=ann.user_id, role=Role.ADMIN)
    await store(identity.engine, workspace, other, member)
    actor = await identity.auth.authenticate(new.key, client=LAPTOP)
    assert (actor.user_id, actor.session_id, actor.client) == (ann.user_id, None, LAPTOP)
    assert actor.roles == {workspace.id: Role.ADMIN}
    assert actor.grant is not None
    assert (actor.grant.key_id, actor.grant.scopes) == (new.api_key.id, {Scope.READ, Scope.WRITE})
    assert not actor.grant.is_confined
    assert actor.expires_at == new.api_key.expires_at
    assert (await identity.accounts.viewer(actor)).id == ann.user_id
    assert await identity.auth.reload_actor(actor) == actor.without_request_data()
    async with identity.engine.begin() as connection:
        await connection.execute(update(MemberRow).values(role=Role.GUEST))
    assert (await identity.auth.authenticate(new.key)).roles == {workspace.id: Role.GUEST}
    async with identity.engine.begin() as connection:
        await connection.execute(MemberRow.__table__.delete())
    assert (await identity.auth.authenticate(new.key)).roles == {}
    assert (await identity.auth.reload_actor(actor)).roles == {}


async def test_a_key_for_certain_workspaces_opens_no_others(identity: Identity) -> None:
    ann = await signed_in(identity)
    mine, own, foreign = WorkspaceFactory(), WorkspaceFactory(), WorkspaceFactory()
    members = [MemberFactory(workspace=each, user_id=ann.user_id, role=Role.OWNER) for each in (mine, own)]
    await store(identity.engine, mine, own, foreign, *members)
    ann = await identity.auth.reload_actor(ann)
    new = await made(identity, ann, replace(DRAFT, workspace_ids=(mine.id, mine.id)))
    assert new.api_key.workspace_ids == (mine.id,)
    actor = await identity.auth.authenticate(new.key)
    assert actor.roles == {mine.id: Role.OWNER}
    assert actor.grant is not None
    assert actor.grant.is_confined
    assert (await identity.auth.reload_actor(actor)).roles == {mine.id: Role.OWNER}
    before = await everything(identity)
    answers = []
    for workspace_id in (foreign.id, IDS.new("wsp")):
        with pytest.raises(NotFound) as refused:
            await made(identity, ann, replace(DRAFT, workspace_ids=(mine.id, workspace_id)))
        answers.append((refused.value.message, refused.value.path))
    assert answers[0] == answers[1]
    assert answers[0][1] == ("workspace_ids",)
    with pytest.raises(WrongId):
        await made(identity, ann, replace(DRAFT, workspace_ids=(IDS.new("mem"),)))
    assert await everything(identity) == before


async def test_a_key_ends_by_itself_or_never_by_choice(identity: Identity) -> None:
    ann, now = await signed_in(identity), identity.clock.now()
    short = await made(identity, ann, replace(DRAFT, expires_in_days=1))
    usual = await made(identity, ann)
    longest = await made(identity, ann, replace(DRAFT, expires_in_days=MOST_KEY_DAYS))
    endless = await made(identity, ann, replace(DRAFT, never_expires=True))
    ends = [each.api_key.expires_at for each in (short, usual, longest, endless)]
    assert ends == [now + timedelta(days=1), now + timedelta(days=KEY_DAYS), now + timedelta(days=365), None]
    actor = await identity.auth.authenticate(short.key)
    identity.clock.move(days=1, microseconds=-1)
    await identity.auth.authenticate(short.key)
    identity.clock.move(microseconds=1)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(short.key)
    with pytest.raises(InvalidToken):
        await identity.auth.reload_actor(actor)
    identity.clock.move(days=10_000)
    for ended in (usual, longest):
        with pytest.raises(InvalidToken):
            await identity.auth.authenticate(ended.key)
    assert (await identity.auth.authenticate(endless.key)).expires_at is None
    await identity.key_uses.aclose()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"scopes": ()}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
        ({"expires_in_days": 90, "never_expires": True}, "never_expires"),
        ({"workspace_ids": ()}, "workspace_ids"),
        ({"workspace_ids": ("wsp_x",) * 51}, "workspace_ids"),
    ],
)
async def test_broken_rules_are_named(identity: Identity, changes: dict[str, object], path: str) -> None:
    ann = await signed_in(identity)
    before = await everything(identity)
    with pytest.raises(Rejected) as refused:
        await made(identity, ann, replace(DRAFT, **changes))
    assert [error.path for error in refused.value.errors] == [(path,)]
    assert await everything(identity) == before


async def test_a_revoked_key_opens_nothing(identity: Identity) -> None:
    ann = await signed_in(identity)
    kept, new = await made(identity, ann), await made(identity, ann)
    actor = await identity.auth.authenticate(new.key)
    assert (await identity.api_keys.revoke(ann, new.api_key.id)).value == new.api_key.id
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(new.key)
    with pytest.raises(InvalidToken):
        await identity.auth.reload_actor(actor)
    assert (await identity.auth.authenticate(kept.key)).user_id == ann.user_id
    await identity.key_uses.aclose()
    before = await everything(identity)
    await identity.api_keys.revoke(ann, new.api_key.id)
    assert await everything(identity) == before


async def test_keys_of_others_are_not_known(identity: Identity) -> None:
    ann, bob = await signed_in(identity), await signed_in(identity, "bob@example.org")
    new = await made(identity, ann)
    before = await everything(identity)
    answers = []
    for key_id in (new.api_key.id, IDS.new("apk")):
        with pytest.raises(NotFound) as refused:
            await identity.api_keys.revoke(bob, key_id)
        answers.append(refused.value.message)
    assert answers[0] == answers[1]
    account = await identity.accounts.viewer(ann)
    assert await identity.api_keys.of_users(bob, [account]) == [()]
    assert await identity.api_keys.of_users(ann, [account]) == [[new.api_key]]
    assert await everything(identity) == before


async def test_the_list_is_of_what_is_not_revoked_the_newest_first(identity: Identity) -> None:
    ann = await signed_in(identity)
    first, second, third = [await made(identity, ann, replace(DRAFT, name=name)) for name in "abc"]
    await identity.api_keys.revoke(ann, second.api_key.id)
    account = await identity.accounts.viewer(ann)
    assert await identity.api_keys.of_users(ann, [account, account]) == [[third.api_key, first.api_key]] * 2
    assert third.api_key.hint == third.key[-4:]


async def test_a_secret_is_shown_only_once(identity: Identity) -> None:
    """A dump of the tables holds no key; neither does what is shown of one."""
    ann = await signed_in(identity)
    keys = [await made(identity, ann) for _ in range(20)]
    await identity.auth.authenticate(keys[0].key, client=LAPTOP)
    await identity.key_uses.aclose()
    dump = await everything(identity)
    for new in keys:
        assert new.key not in dump
        assert new.key[4:47] not in dump
        assert new.key not in repr(new)
        assert digest_of(new.key) in dump


async def test_a_typing_error_does_not_reach_the_database(identity: Identity) -> None:
    ann = await signed_in(identity)
    key = (await made(identity, ann)).key
    with counted() as statements:
        for wrong in (key[:-1] + ("a" if key[-1] != "a" else "b"), key[:-1], PREFIX, key + "a"):
            with pytest.raises(InvalidToken):
                await identity.auth.authenticate(wrong)
        assert statements == []
        with pytest.raises(InvalidToken):
            await identity.auth.authenticate(new_api_key())
        assert len(statements) == 1


async def test_a_key_takes_one_statement_and_the_viewer_none(identity: Identity) -> None:
    ann = await signed_in(identity)
    key = (await made(identity, ann)).key
    await identity.auth.authenticate(key)
    await identity.key_uses.aclose()
    with counted() as statements:
        actor = await identity.auth.authenticate(key)
        await identity.accounts.viewer(actor)
    assert len(statements) == 1


async def test_a_key_does_nothing_that_takes_a_session(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann, replace(DRAFT, scopes=(Scope.ADMIN,)))
    actor = await identity.auth.authenticate(new.key)
    await identity.key_uses.aclose()
    before = await everything(identity)
    with pytest.raises(PermissionDenied):
        await made(identity, actor)
    with pytest.raises(PermissionDenied):
        await identity.api_keys.revoke(actor, new.api_key.id)
    with pytest.raises(PermissionDenied):
        await identity.api_keys.of_users(actor, [await identity.accounts.viewer(actor)])
    with pytest.raises(InvalidGrant):
        await identity.refresh(new.key)
    assert await everything(identity) == before
    await identity.auth.authenticate(new.key)


async def test_a_key_is_revoked_by_presenting_it(identity: Identity) -> None:
    """RFC 7009, and what GitHub does for keys that were found in public; it takes no scope and no sign-in."""
    ann = await signed_in(identity)
    kept, expired, new = [
        await made(identity, ann, replace(DRAFT, scopes=(Scope.READ,), expires_in_days=days)) for days in (9, 1, 9)
    ]
    identity.clock.move(days=2)
    for each in (new, expired):
        await identity.auth.revoke(Actor(client=LAPTOP), each.key)
        with pytest.raises(InvalidToken):
            await identity.auth.authenticate(each.key)
    before = await everything(identity)
    for nothing in (new.key, expired.key, new_api_key(), kept.key[:-1], kept.api_key.id):
        await identity.auth.revoke(Actor(client=LAPTOP), nothing)
    assert await everything(identity) == before
    async with identity.engine.connect() as connection:
        lines = (await connection.execute(select(SecurityEventRow.__table__).order_by(SecurityEventRow.id))).all()
    for line, each in zip(lines[-2:], (new, expired), strict=True):
        assert (line.kind.name, line.user_id, line.subject_id) == ("API_KEY_REVOKED", ann.user_id, each.api_key.id)
        assert (line.actor_id, line.address) == (None, LAPTOP.address)
    await identity.auth.authenticate(kept.key)
    account = await identity.accounts.viewer(ann)
    assert [[key.id for key in keys] for keys in await identity.api_keys.of_users(ann, [account])] == [
        [kept.api_key.id]
    ]
    await identity.key_uses.aclose()


async def test_presenting_a_key_32_times_at_once_revokes_it_once(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann)
    await asyncio.gather(*(identity.auth.revoke(Actor(), new.key) for _ in range(32)))
    assert (await identity.log()).count("API_KEY_REVOKED") == 1


async def test_a_key_that_reads_opens_no_unit_of_work(identity: Identity) -> None:
    """Proves that a read-only key writes nothing, even if a service does not check the scope."""
    ann = await signed_in(identity)
    reading = await identity.auth.authenticate((await made(identity, ann, replace(DRAFT, scopes=(Scope.READ,)))).key)
    refresh_token = (await identity.sign_in(ANN)).refresh_token
    await identity.key_uses.aclose()
    before = await everything(identity)
    with pytest.raises(InsufficientScope) as refused:
        await identity.auth.revoke(reading, refresh_token)
    assert refused.value.scope == "write"
    assert await everything(identity) == before
    await identity.refresh(refresh_token)


async def test_the_last_use_is_written_once_a_minute_and_beside_the_request(identity: Identity) -> None:
    ann = await signed_in(identity)
    key = (await made(identity, ann)).key
    assert await last_use(identity) is None
    first = identity.clock.now()
    async with identity.engine.begin() as connection:
        # Somebody holds the row: to authenticate does not wait for it.
        await connection.execute(select(ApiKeyRow.id).with_for_update())
        async with asyncio.timeout(PATIENCE):
            await identity.auth.authenticate(key)
    assert await last_use(identity) == first
    identity.clock.move(minutes=1, microseconds=-1)
    await identity.auth.authenticate(key)
    assert await last_use(identity) == first
    identity.clock.move(microseconds=1)
    await asyncio.gather(*(identity.auth.authenticate(key) for _ in range(20)))
    assert await last_use(identity) == first + USE_PERIOD


async def test_an_earlier_recorded_use_counts_for_a_minute(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann)
    now = identity.clock.now()
    identity.key_uses.note(new.api_key.id, at=now)
    assert await last_use(identity) == now
    identity.key_uses.note(new.api_key.id, at=now + USE_PERIOD / 2)
    assert await last_use(identity) == now


async def test_32_at_once_do_not_pass_the_limit(identity: Identity) -> None:
    ann = await signed_in(identity)
    for _ in range(MOST_API_KEYS - 5):
        await made(identity, ann)
    outcomes = await asyncio.gather(*(made(identity, ann) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(each, NewApiKey) for each in outcomes) == 5
    assert sum(isinstance(each, LimitExceeded) for each in outcomes) == 4
    async with identity.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(ApiKeyRow)) == MOST_API_KEYS
    account = await identity.accounts.viewer(ann)
    [oldest] = (await identity.api_keys.of_users(ann, [account]))[0][-1:]
    await identity.api_keys.revoke(ann, oldest.id)
    await made(identity, ann)


async def test_making_and_revoking_is_in_the_security_log(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann)
    await identity.api_keys.revoke(ann, new.api_key.id)
    async with identity.engine.connect() as connection:
        lines = (await connection.execute(select(SecurityEventRow.__table__).order_by(SecurityEventRow.id))).all()
    assert [line.kind.name for line in lines] == ["REGISTERED", "SIGNED_IN", "API_KEY_CREATED", "API_KEY_REVOKED"]
    for line in lines[2:]:
        assert (line.user_id, line.actor_id, line.subject_id) == (ann.user_id, ann.user_id, new.api_key.id)
        assert (line.credential_id, line.address, line.device) == (ann.session_id, "192.0.2.7", "a laptop")


async def test_the_log_names_the_key_that_did_something(identity: Identity) -> None:
    ann = await signed_in(identity)
    new = await made(identity, ann)
    actor = await identity.auth.authenticate(new.key)
    await identity.auth.revoke(actor, (await identity.sign_in(ANN)).refresh_token)
    await identity.key_uses.aclose()
    async with identity.engine.connect() as connection:
        ids = (await connection.execute(select(SecurityEventRow.credential_id).order_by(SecurityEventRow.id))).scalars()
        assert list(ids)[-1] == new.api_key.id
