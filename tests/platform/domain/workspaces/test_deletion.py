"""Deleted accounts: no personal data remains, every workspace keeps an owner, and content stays."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.accounts.mails import AccountNotice
from domain.accounts.model import DELETED_NAME, User
from domain.auth.commands import ApiKeyDraft
from domain.auth.errors import InvalidGrant, InvalidToken
from domain.shared.actor import Actor, Grant, Role, Scope
from domain.shared.errors import Conflict, NotFound, PermissionDenied, Unauthenticated
from domain.workspaces.commands import WorkspaceDraft
from domain.workspaces.model import Member
from infra.accounts.repository import SqlUserRepository
from infra.workspaces.repository import SqlMemberRepository
from tests.factories.accounts import PASSWORD
from tests.identity import Identity, open_identity
from tests.platform.domain.workspaces.conftest import House

ANN = "ann@example.org"
NAME = "Ann Ottilie Quux"


@pytest.fixture
async def identity(database: str) -> AsyncIterator[Identity]:
    """The accounts of those who are in the house."""
    async with open_identity(database) as identity:
        yield identity


@pytest.fixture
async def ann(identity: Identity) -> User:
    return await identity.register(email=ANN, name=NAME)


async def signed_in(identity: Identity, house: House, user: User) -> Actor:
    """The person as an actor with a session and their current role."""
    actor = await identity.actor(user.email or "")
    return replace(actor, roles={each.workspace_id: each.role for each in await places(house, user)})


async def places(house: House, user: User) -> list[Member]:
    async with house.engines.write.connect() as connection:
        return await SqlMemberRepository(connection).places_of(user.id)


async def stored(house: House, user: User) -> User:
    async with house.engines.write.connect() as connection:
        found = await SqlUserRepository(connection).by_id(user.id)
    assert found is not None
    return found


async def test_a_deleted_account_cannot_be_identified(identity: Identity, house: House, ann: User) -> None:
    await house.join(ann, Role.ADMIN)
    tokens = await identity.sign_in(ANN)
    await identity.passwords.forgot(Actor(), ANN)
    await identity.emails.ask(await identity.actor(ANN), PASSWORD, "ottilie@example.net")
    await identity.deliver()
    actor = await signed_in(identity, house, ann)
    key = (await identity.api_keys.create(actor, ApiKeyDraft(name="CI", scopes=(Scope.READ,)))).value.key
    await identity.deletions.delete_own(actor, PASSWORD)

    refusals = (identity.auth.authenticate(tokens.access_token), identity.auth.authenticate(key))
    for refused in (*refusals, identity.auth.reload_actor(actor)):
        with pytest.raises(InvalidToken):
            await refused
    for again in (identity.sign_in(ANN), identity.refresh(tokens.refresh_token)):
        with pytest.raises(InvalidGrant):
            await again
    left = await stored(house, ann)
    assert (left.name, left.email, left.is_deleted, left.time_zone) == (DELETED_NAME, None, True, "UTC")
    assert await places(house, ann) == []
    [notice] = await identity.deliver()
    assert isinstance(notice.letter, AccountNotice)
    assert (notice.to, notice.letter.url) == (ANN, None)
    everything = await identity.stored()
    for trace in ("Quux", "ottilie", ANN):
        assert trace not in everything, trace
    rows = await house.rows()
    assert [line for line in rows["security_event"] if ann.id in line and "192.0.2" in line] == []
    for emptied in ("password", "session", "refresh_token", "one_time_link", "api_key"):
        assert rows[emptied] == [], emptied
    log = await identity.log()
    assert log[-log[::-1].index("ACCOUNT_DELETED") - 2 :] == ["MEMBER_REMOVED", "ACCOUNT_DELETED", "SIGN_IN_REFUSED"]


async def test_the_address_of_a_deleted_account_can_be_registered_again(identity: Identity, ann: User) -> None:
    await identity.deletions.delete_own(await identity.actor(ANN), PASSWORD)
    await identity.passwords.forgot(Actor(), ANN)
    await identity.deliver()
    again = await identity.register(email=ANN, name="Another Ann")
    assert again.id != ann.id
    assert (await identity.actor(ANN)).user_id == again.id


async def test_a_wrong_password_deletes_nothing(identity: Identity, house: House, ann: User) -> None:
    actor = await signed_in(identity, house, ann)
    before = await house.rows()
    with pytest.raises(PermissionDenied):
        await identity.deletions.delete_own(actor, "a wrong guess at it")
    after = await house.rows()
    assert {name for name in before if before[name] != after[name]} == {"security_event"}
    assert (await identity.log())[-1] == "PASSWORD_REFUSED"


async def test_a_key_deletes_nothing(identity: Identity, house: House, ann: User) -> None:
    grant = Grant(key_id="key_1", scopes=frozenset(Scope), is_confined=False)
    actor = replace(await signed_in(identity, house, ann), session_id=None, grant=grant)
    before = await house.rows()
    with pytest.raises(PermissionDenied):
        await identity.deletions.delete_own(actor, PASSWORD)
    assert await house.rows() == before


async def test_deleting_a_last_owner_reports_the_workspaces(identity: Identity, house: House, ann: User) -> None:
    await house.join(ann, Role.OWNER)
    for slug, name in (("west", "West"), ("east", "East")):
        await house.workspaces.create(Actor(user_id=ann.id), WorkspaceDraft(slug=slug, name=name))
    actor = await signed_in(identity, house, ann)
    before = await house.rows()
    with pytest.raises(Conflict) as refusal:
        await identity.deletions.delete_own(actor, PASSWORD)
    assert refusal.value.failure == "LAST_OWNER"
    assert "West (west), East (east)" in refusal.value.message
    assert await house.rows() == before

    for place in await places(house, ann):
        if place.workspace_id != house.workspace.id:
            await house.workspaces.delete(actor, place.workspace_id)
    await identity.deletions.delete_own(actor, PASSWORD)
    assert await places(house, ann) == []


async def test_of_two_last_owners_at_once_one_stays(identity: Identity, house: House, ann: User) -> None:
    bob = await identity.register(email="bob@example.org")
    for user in (ann, bob):
        await house.join(user, Role.OWNER)
    await house.workspaces.remove_member(house.as_owner, (await places(house, house.owner))[0].id)
    actors = [await signed_in(identity, house, user) for user in (ann, bob)]
    outcomes = await asyncio.gather(
        *(identity.deletions.delete_own(actor, PASSWORD) for actor in actors), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert len(await places(house, ann)) + len(await places(house, bob)) == 1


@pytest.mark.parametrize("is_new", [False, True], ids=["by an invitation", "in a workspace of their own"])
async def test_an_account_being_deleted_gets_no_membership(
    identity: Identity, house: House, ann: User, is_new: bool
) -> None:
    """The first of two concurrent changes wins: a deleted account is never a member or owner."""
    actor = await signed_in(identity, house, ann)
    issued = await house.invite(role=Role.MEMBER)
    joining = (
        house.workspaces.create(actor, WorkspaceDraft(slug="west", name="West"))
        if is_new
        else house.invitations.accept(actor, house.token(issued.invitation))
    )
    joined, deleted = await asyncio.gather(
        joining, identity.deletions.delete_own(actor, PASSWORD), return_exceptions=True
    )
    assert (isinstance(joined, Unauthenticated), deleted) in {(True, None), (False, None)} or isinstance(
        deleted, Conflict
    )
    left = await places(house, ann)
    assert bool(left) is not (await stored(house, ann)).is_deleted


async def test_a_deleted_account_is_given_no_place(identity: Identity, house: House, ann: User) -> None:
    actor = await signed_in(identity, house, ann)
    issued = await house.invite(role=Role.MEMBER)
    await identity.deletions.delete_own(actor, PASSWORD)
    before = await house.rows()
    for late in (
        house.invitations.accept(actor, house.token(issued.invitation)),
        house.workspaces.create(actor, WorkspaceDraft(slug="west", name="West")),
    ):
        with pytest.raises(Unauthenticated):
            await late
    assert await house.rows() == before


async def test_the_operator_deletes_by_address(identity: Identity, house: House, ann: User) -> None:
    actor = await signed_in(identity, house, ann)
    with pytest.raises(PermissionDenied):
        await identity.deletions.delete(actor, ANN)
    with pytest.raises(NotFound):
        await identity.deletions.delete(Actor.system(), "nobody@example.org")
    await identity.activations.deactivate(Actor.system(), ANN)
    deleted = (await identity.deletions.delete(Actor.system(), ANN)).value
    assert (deleted.id, deleted.name, deleted.email) == (ann.id, DELETED_NAME, None)
    for act in (identity.deletions.delete, identity.activations.reactivate):
        with pytest.raises(NotFound):
            await act(Actor.system(), ANN)
