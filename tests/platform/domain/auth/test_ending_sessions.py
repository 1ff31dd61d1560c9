"""Users list and end their sessions; tokens of ended sessions are refused at once (A12, A13)."""

import pytest
from sqlalchemy import select

from domain.accounts.model import User
from domain.auth.errors import InvalidGrant, InvalidToken
from domain.auth.model import EndReason, Session, Tokens
from domain.shared.actor import Actor, ClientInfo, Grant, Scope, with_held
from domain.shared.errors import DomainError, NotFound, PermissionDenied, WrongId
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEventKind
from infra.audit.tables import SecurityEventRow
from infra.auth.repository import SqlSessionRepository
from infra.auth.tables import SessionRow
from tests.factories.accounts import IDS, PASSWORD
from tests.identity import Identity

ANN = "ann@example.org"
PHONE = ClientInfo(address="2001:db8:1:2::7", device="Phone")
LAPTOP = ClientInfo(address="192.0.2.7", device="Laptop")


async def sign_in(identity: Identity, client: ClientInfo, email: str = ANN) -> Tokens:
    return await identity.auth.sign_in(Actor(client=client), email, PASSWORD, client_id="workgraph")


async def listed(identity: Identity, actor: Actor, user: User) -> Page[Session]:
    [page] = await identity.sessions.of_users(actor, [user], PageRequest(is_counted=True))
    return page


async def is_dead(identity: Identity, tokens: Tokens) -> bool:
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    with pytest.raises(InvalidGrant):
        await identity.refresh(tokens.refresh_token)
    return True


async def is_alive(identity: Identity, tokens: Tokens) -> bool:
    return (await identity.auth.authenticate(tokens.access_token)).user_id is not None


async def ends(identity: Identity) -> list[tuple[str, EndReason | None]]:
    async with identity.engine.connect() as connection:
        ended = select(SessionRow.device, SessionRow.end_reason).order_by(SessionRow.id)
        return [tuple(row) for row in await connection.execute(ended)]


async def notes(identity: Identity, kind: SecurityEventKind) -> list[str]:
    async with identity.engine.connect() as connection:
        lines = select(SecurityEventRow.subject_id).where(SecurityEventRow.kind == kind)
        return sorted((await connection.execute(lines)).scalars())


async def test_sessions_are_listed_with_device_place_and_last_use(identity: Identity) -> None:
    user = await identity.register(email=ANN)
    phone = await sign_in(identity, PHONE)
    begun = identity.clock.now()
    identity.clock.move(hours=1)
    laptop = await sign_in(identity, LAPTOP)
    identity.clock.move(minutes=5)
    await identity.refresh(phone.refresh_token)
    actor = await identity.auth.authenticate(laptop.access_token)
    page = await listed(identity, actor, user)
    second, first = page.nodes
    assert page.total_count == 2
    assert second.id == actor.session_id
    assert (first.device, first.address) == ("Phone", "2001:db8:1:2::/64")
    assert (second.device, second.address) == ("Laptop", "192.0.2.7")
    assert (first.created_at, first.last_used_at) == (begun, identity.clock.now())
    assert second.last_used_at == second.created_at


async def test_sessions_of_other_users_are_hidden(identity: Identity) -> None:
    ann, bob = await identity.register(email=ANN), await identity.register(email="bob@example.org")
    await sign_in(identity, PHONE)
    actor = await identity.auth.authenticate((await sign_in(identity, LAPTOP, "bob@example.org")).access_token)
    hers, his = await identity.sessions.of_users(actor, [ann, bob], PageRequest(is_counted=True))
    assert (list(hers.nodes), hers.total_count) == ([], 0)
    assert [session.user_id for session in his.nodes] == [bob.id]
    [nobody] = await identity.sessions.of_users(Actor(), [ann], PageRequest())
    assert list(nobody.nodes) == []


async def test_a_session_that_was_idle_too_long_is_not_listed(identity: Identity) -> None:
    user = await identity.register(email=ANN)
    await sign_in(identity, PHONE)
    identity.clock.move(days=30)
    laptop = await sign_in(identity, LAPTOP)
    actor = await identity.auth.authenticate(laptop.access_token)
    assert [session.device for session in (await listed(identity, actor, user)).nodes] == ["Laptop"]


async def test_one_session_is_ended_and_no_other(identity: Identity) -> None:
    user = await identity.register(email=ANN)
    phone, laptop = await sign_in(identity, PHONE), await sign_in(identity, LAPTOP)
    stolen = (await identity.auth.authenticate(phone.access_token)).session_id
    actor = await identity.auth.authenticate(laptop.access_token)
    assert stolen is not None
    assert (await identity.sessions.end(actor.without_request_data(), stolen)).value == stolen
    assert await is_dead(identity, phone)
    assert await is_alive(identity, laptop)
    assert await ends(identity) == [("Phone", EndReason.ENDED), ("Laptop", None)]
    assert await notes(identity, SecurityEventKind.SESSION_ENDED) == [stolen]
    assert [session.device for session in (await listed(identity, actor, user)).nodes] == ["Laptop"]
    with pytest.raises(NotFound):
        await identity.sessions.end(actor.without_request_data(), stolen)


async def test_all_others_are_ended_at_once(identity: Identity) -> None:
    await identity.register(email=ANN)
    await identity.register(email="bob@example.org")
    phone, tablet = await sign_in(identity, PHONE), await sign_in(identity, PHONE)
    foreign = await sign_in(identity, PHONE, "bob@example.org")
    laptop = await sign_in(identity, LAPTOP)
    actor = (await identity.auth.authenticate(laptop.access_token)).without_request_data()
    assert (await identity.sessions.end_others(actor)).value.ended_count == 2
    assert await is_dead(identity, phone)
    assert await is_dead(identity, tablet)
    assert await is_alive(identity, laptop)
    assert await is_alive(identity, foreign)
    assert len(await notes(identity, SecurityEventKind.SESSION_ENDED)) == 2
    assert (await identity.sessions.end_others(actor)).value.ended_count == 0


@pytest.mark.parametrize("which", ["foreign", "missing", "wrong"])
async def test_sessions_of_other_users_cannot_be_ended(identity: Identity, which: str) -> None:
    await identity.register(email=ANN)
    await identity.register(email="bob@example.org")
    hers = await sign_in(identity, PHONE)
    foreign = (await identity.auth.authenticate(hers.access_token)).session_id
    his = await sign_in(identity, LAPTOP, "bob@example.org")
    actor = (await identity.auth.authenticate(his.access_token)).without_request_data()
    target = {"foreign": foreign or "", "missing": IDS.new("ses"), "wrong": IDS.new("usr")}[which]
    before = await ends(identity)
    expected: type[DomainError] = WrongId if which == "wrong" else NotFound
    with pytest.raises(expected):
        await identity.sessions.end(actor, target)
    assert await ends(identity) == before
    assert await is_alive(identity, hers)


async def test_a_program_without_session_ends_none(identity: Identity) -> None:
    user = await identity.register(email=ANN)
    tokens = await sign_in(identity, PHONE)
    program = Actor(
        user_id=user.id, grant=Grant(key_id=IDS.new("apk"), scopes=with_held([Scope.ADMIN]), is_confined=False)
    )
    with pytest.raises(PermissionDenied):
        await identity.sessions.end_others(program)
    with pytest.raises(PermissionDenied):
        await identity.sessions.end(program, IDS.new("ses"))
    assert await is_alive(identity, tokens)


@pytest.mark.parametrize("reason", [EndReason.PASSWORD_CHANGED, EndReason.DEACTIVATED])
async def test_other_use_cases_end_all_sessions_in_their_own_transaction(identity: Identity, reason: EndReason) -> None:
    """Password change and deactivation call this method."""
    user = await identity.register(email=ANN)
    phone, laptop = await sign_in(identity, PHONE), await sign_in(identity, LAPTOP)
    kept = (await identity.auth.authenticate(laptop.access_token)).session_id
    async with identity.engine.begin() as connection:
        repository = SqlSessionRepository(connection)
        now = identity.clock.now()
        assert len(await repository.end_all(user.id, reason, now=now, except_session=kept)) == 1
    assert await is_dead(identity, phone)
    assert await is_alive(identity, laptop)
    async with identity.engine.begin() as connection:
        assert await SqlSessionRepository(connection).end_all(user.id, reason, now=identity.clock.now()) == [kept]
    assert await is_dead(identity, laptop)
    assert await ends(identity) == [("Phone", reason), ("Laptop", reason)]
