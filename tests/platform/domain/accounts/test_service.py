import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from domain.accounts.model import User, UserId
from domain.shared.actor import Actor, Role
from domain.shared.errors import Conflict, ErrorCode, Rejected, Unauthenticated
from infra.accounts.tables import PasswordRow, UserRow
from infra.workspaces.tables import MemberRow, WorkspaceRow
from tests.factories.accounts import IDS, UserFactory, persisted_user
from tests.identity import Identity


async def counts(identity: Identity) -> tuple[int, int]:
    async with identity.engine.connect() as connection:
        tables = (UserRow, PasswordRow)
        people, passwords = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in tables
        ]
        return people, passwords


async def test_a_registered_user_can_be_found(identity: Identity) -> None:
    user = await identity.register(email=" Ann@Example.ORG ", name=" Ann  ")
    assert (user.email, user.name, user.is_placeholder) == ("ann@example.org", "Ann", False)
    assert await identity.accounts.viewer(Actor(user_id=user.id)) == user
    assert await identity.users.named_by_ids(Actor(), [user.id, UserId(IDS.new("usr"))]) == {user.id: user}


async def test_every_broken_rule_is_named(identity: Identity) -> None:
    with pytest.raises(Rejected) as rejected:
        await identity.register(email="nobody", name=" \t", password="short")
    assert [(each.path, each.failure) for each in rejected.value.errors] == [
        (("email",), ErrorCode.INVALID_INPUT),
        (("name",), ErrorCode.REQUIRED),
        (("password",), ErrorCode.INVALID_INPUT),
    ]
    assert await counts(identity) == (0, 0)


@pytest.mark.parametrize("email", ["", "a@b", "a\0@b.c", "\ud800@b.c", "a@[127.0.0.1]"])
async def test_an_invalid_address_is_refused(identity: Identity, email: str) -> None:
    with pytest.raises(Rejected) as rejected:
        await identity.register(email=email)
    assert [each.path for each in rejected.value.errors] == [("email",)]
    assert await counts(identity) == (0, 0)


@pytest.mark.parametrize(
    "email",
    ["a@b.c", "ann+tag@example.org", "Zoë@exämple.org", "o'hara@example.co.uk", "x" * 64 + "@b.c"],
)
async def test_addresses_of_all_kinds_are_accepted(identity: Identity, email: str) -> None:
    assert (await identity.register(email=email)).email == email.lower()


async def test_an_address_is_taken_once_whatever_its_letter_case(identity: Identity) -> None:
    await identity.register(email="ann@example.org")
    with pytest.raises(Conflict) as conflict:
        await identity.register(email="ANN@example.org")
    assert (conflict.value.path, conflict.value.failure) == (("email",), ErrorCode.ALREADY_EXISTS)
    assert await counts(identity) == (1, 1)


async def test_of_many_at_once_one_registers(identity: Identity) -> None:
    answers = await asyncio.gather(
        *(identity.register(email="ann@example.org") for _ in range(8)), return_exceptions=True
    )
    assert [type(each) for each in answers].count(User) == 1
    assert [type(each) for each in answers].count(Conflict) == 7
    assert await counts(identity) == (1, 1)


async def test_a_placeholder_has_no_email_address(identity: Identity) -> None:
    with pytest.raises(IntegrityError, match="ck_account_placeholder_unaddressed"):
        await persisted_user(identity.engine, UserFactory(email="ann@example.org", is_placeholder=True))
    assert await counts(identity) == (0, 0)


async def test_an_anonymous_actor_has_no_viewer(identity: Identity) -> None:
    for actor in (Actor(), Actor.system(), Actor(user_id=IDS.new("usr"))):
        with pytest.raises(Unauthenticated):
            await identity.accounts.viewer(actor)


async def test_colleagues_see_each_other_and_strangers_do_not(identity: Identity) -> None:
    ann, bob, eve = [await identity.register() for _ in range(3)]
    now = identity.clock.now()
    workspace = {"id": IDS.new("wsp"), "created_at": now, "updated_at": now}
    async with identity.engine.begin() as connection:
        await connection.execute(WorkspaceRow.__table__.insert().values(slug="acme", name="Acme", **workspace))
        for user in (ann, bob):
            row = {"id": IDS.new("mem"), "user_id": user.id, "workspace_id": workspace["id"], "role": Role.MEMBER}
            await connection.execute(MemberRow.__table__.insert().values(created_at=now, updated_at=now, **row))
    everybody = [ann.id, bob.id, eve.id, "nonsense", "usr_\0"]
    actors = {
        user.id: (await identity.auth.authenticate((await identity.sign_in(user.email or "")).access_token))
        for user in (ann, eve)
    }
    assert actors[ann.id].roles == {workspace["id"]: Role.MEMBER}
    assert actors[eve.id].roles == {}
    assert (await identity.users.by_ids(actors[ann.id], everybody)).keys() == {ann.id, bob.id}
    assert (await identity.users.by_ids(actors[eve.id], everybody)).keys() == {eve.id}
    assert await identity.users.by_ids(Actor(), everybody) == {}
