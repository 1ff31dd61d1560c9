"""A mutation that is retried with its idempotency key runs once and returns the same response."""

import asyncio

import pytest
from sqlalchemy import text

from domain.shared.actor import Role
from tests.factories.workspaces import MemberFactory, WorkspaceFactory
from tests.refusals import assert_refused, bad_lines, conflict
from tests.sample.domain.model import Book
from tests.sample.factories import ShelfFactory
from tests.sample.world import LibraryWorld


async def keys(world: LibraryWorld) -> int:
    async with world.engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM idempotency_key"))


async def test_32_requests_with_one_key_have_one_effect_and_one_answer(world: LibraryWorld):
    asked = {"shelfId": world.here.shelf.id, "title": "Once", "idempotencyKey": "k1"}
    payloads = await asyncio.gather(
        *(
            world.member.mutate("bookCreate", asked | {"clientMutationId": str(n)}, "book { id title }")
            for n in range(32)
        )
    )
    assert payloads == [payloads[0]] * 32
    assert (payloads[0]["book"]["title"], payloads[0]["revision"], payloads[0]["errors"]) == ("Once", 1, [])
    assert len(await world.events()) == 1
    assert len((await world.rows())["book"]) == 5, "the world's four and the new one"


async def test_the_answer_to_a_retry_shows_the_entity_as_it_is_now(world: LibraryWorld):
    asked = {"shelfId": world.here.shelf.id, "title": "First", "idempotencyKey": "k1"}
    first = await world.member.mutate("bookCreate", asked, "book { id }")
    book_id = first["book"]["id"]
    await world.member.mutate("bookUpdate", {"id": book_id, "title": "Second"})
    again = await world.member.mutate(
        "bookCreate", asked | {"clientMutationId": "c"}, "book { id title } clientMutationId"
    )
    assert again == {
        "book": {"id": book_id, "title": "Second"},
        "clientMutationId": "c",
        "revision": 1,
        "errors": [],
    }


async def test_an_idempotency_key_belongs_to_one_request(world: LibraryWorld):
    place = world.here
    asked = {"shelfId": place.shelf.id, "title": "Once", "idempotencyKey": "k1"}
    await world.member.mutate("bookCreate", asked)
    mismatch = conflict("idempotencyKey", "IDEMPOTENCY_MISMATCH")
    cases = {
        "another value": ({"title": "Twice"}, mismatch),
        "another field": ({"pages": 1}, mismatch),
    }
    await assert_refused(world, world.member, "bookCreate", asked, cases)
    other = {"id": place.book.id, "title": "Once", "idempotencyKey": "k1"}
    await assert_refused(world, world.member, "bookUpdate", other, {"another mutation": ({}, mismatch)})


async def test_keys_of_different_people_have_nothing_to_do_with_each_other(world: LibraryWorld):
    asked = {"shelfId": world.here.shelf.id, "title": "Once", "idempotencyKey": "k1"}
    first = await world.member.mutate("bookCreate", asked, "book { id }")
    second = await world.owner.mutate("bookCreate", asked, "book { id }")
    assert first["book"] != second["book"]
    assert (first["revision"], second["revision"]) == (1, 2)


async def test_a_refused_request_does_not_spend_its_key(world: LibraryWorld):
    asked = {"shelfId": world.here.shelf.id, "title": "", "idempotencyKey": "k1"}
    assert (await world.member.mutate("bookCreate", asked))["errors"] != []
    assert await keys(world) == 0
    payload = await world.member.mutate("bookCreate", asked | {"title": "Right"}, "book { title }")
    assert payload == {"book": {"title": "Right"}, "revision": 1, "errors": []}


async def test_a_change_of_nothing_is_remembered_too(world: LibraryWorld):
    asked = {"id": world.here.book.id, "title": world.here.book.title, "idempotencyKey": "k1"}
    first = await world.member.mutate("bookUpdate", asked, "book { id }")
    assert first == {"book": {"id": world.here.book.id}, "revision": None, "errors": []}
    await world.member.mutate("bookUpdate", {"id": world.here.book.id, "title": "Later"})
    assert await world.member.mutate("bookUpdate", asked, "book { id }") == first
    assert (await world.stored(Book, world.here.book.id)).title == "Later"


async def test_bad_keys_are_refused(world: LibraryWorld):
    good = {"shelfId": world.here.shelf.id, "title": "Once"}
    await assert_refused(world, world.member, "bookCreate", good, bad_lines("idempotencyKey", longest=255))


@pytest.mark.parametrize("mutation", ["bookDelete", "memberRemove", "shelfDelete", "workspaceDelete"])
async def test_the_retry_of_a_deletion_names_what_is_gone(world: LibraryWorld, mutation: str):
    here, client = world.here, world.owner
    workspace, shelf = WorkspaceFactory(), ShelfFactory(workspace=here.workspace)
    owner = MemberFactory(workspace=workspace, user_id=client.actor.user_id, role=Role.OWNER)
    await world.store(workspace, owner, shelf)
    subject, field = {
        "bookDelete": (here.volume.id, "deletedBookId"),
        "memberRemove": (here.members[Role.GUEST].id, "deletedMemberId"),
        "shelfDelete": (shelf.id, "deletedShelfId"),
        "workspaceDelete": (workspace.id, "deletedWorkspaceId"),
    }[mutation]
    if mutation == "workspaceDelete":
        client = client.as_role(Role.OWNER, workspace.id)
    asked = {"id": subject, "idempotencyKey": "k1"}
    first = await client.mutate(mutation, asked, field)
    assert (first[field], first["errors"]) == (subject, [])
    before = await world.rows()
    assert await client.mutate(mutation, asked, field) == first
    assert await world.rows() == before


async def test_a_workspace_created_by_32_requests_at_once_is_shown_to_each(world: LibraryWorld):
    asked = {"slug": "once", "name": "Once", "idempotencyKey": "k1"}
    payloads = await asyncio.gather(
        *(world.member.mutate("workspaceCreate", asked, "workspace { id slug }") for _ in range(32))
    )
    assert payloads == [payloads[0]] * 32
    assert payloads[0]["workspace"]["slug"] == "once"
    assert len((await world.rows())["workspace"]) == 3


async def test_a_retry_does_not_show_a_removed_membership_to_its_former_member(world: LibraryWorld):
    """The answer to a retry is read with the roles that the caller has now."""
    member = world.here.members[Role.GUEST]
    asked = {"id": member.id, "idempotencyKey": "k1"}
    guest = world.client(Role.GUEST)
    first = await guest.mutate("memberRemove", asked, "deletedMemberId")
    assert await guest.mutate("memberRemove", asked, "deletedMemberId") == first
