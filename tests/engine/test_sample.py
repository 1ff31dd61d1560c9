"""The sample as its clients see it, so that the tests of the engine can build on it."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound
from domain.workspaces.commands import InvitationDraft
from infra.workspaces.tables import AreaGrantRow
from tests.factories.accounts import UserFactory
from tests.sample.domain.conditions import Condition
from tests.sample.domain.model import Book
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld

BOOK = "id title condition author { name } shelf { name } tags { name } parent { title } volumes { nodes { title } }"
BOOKS = f"query ($slug: String!) {{ workspace(slug: $slug) {{ books {{ totalCount nodes {{ {BOOK} }} }} }} }}"
SHELVES = """query ($slug: String!) { workspace(slug: $slug) {
  shelves { nodes { name books { totalCount nodes { title } } } } } }"""


async def books(world: LibraryWorld, role: Role) -> Any:
    return (await world.client(role).run(BOOKS, slug=world.here.workspace.slug))["workspace"]["books"]


async def test_books_are_read_with_what_they_refer_to(world: LibraryWorld) -> None:
    here = world.here
    found = await books(world, Role.MEMBER)
    assert found["totalCount"] == 2
    book = next(each for each in found["nodes"] if each["id"] == here.book.id)
    assert book == {
        "id": here.book.id,
        "title": "Diaries",
        "condition": "GOOD",
        "author": {"name": "Woolf"},
        "shelf": {"name": "Novels"},
        "tags": [{"name": "classic"}],
        "parent": None,
        "volumes": {"nodes": [{"title": "Diaries, volume 1"}]},
    }


async def test_a_book_is_created_changed_and_deleted(world: LibraryWorld) -> None:
    here, member = world.here, world.member
    given = {"shelfId": here.shelf.id, "title": " Orlando ", "condition": "MINT", "tagIds": [here.tag.id]}
    created = (await member.mutate("bookCreate", given, "book { id title condition tags { name } }"))["book"]
    assert created == {
        "id": created["id"],
        "title": "Orlando",
        "condition": "MINT",
        "tags": [{"name": "classic"}],
    }
    change = {"id": created["id"], "authorId": here.author.id, "tags": {"remove": [here.tag.id]}, "pages": 300}
    changed = await member.mutate("bookUpdate", change, "book { author { name } tags { name } pages }")
    assert changed["book"] == {"author": {"name": "Woolf"}, "tags": [], "pages": 300}
    deleted = await member.mutate("bookDelete", {"id": created["id"]}, "deletedBookId")
    assert deleted["deletedBookId"] == created["id"]
    assert [each[1] for each in await world.events()] == ["book.created", "book.updated", "book.deleted"]
    assert await world.stored(Book, created["id"]) is None


async def test_what_breaks_a_rule_is_refused(world: LibraryWorld) -> None:
    here, member = world.here, world.member
    own = {"id": here.book.id, "parentId": here.volume.id}
    assert await member.refused("bookUpdate", own) == [("ConflictError", "OWN_VOLUME", "input.parentId")]
    dates = {"id": here.book.id, "lentOn": "2026-02-02", "dueOn": "2026-02-01"}
    assert await member.refused("bookUpdate", dates) == [("ValidationError", "OUT_OF_RANGE", "input.lentOn")]
    foreign = {"shelfId": world.elsewhere.shelf.id, "title": "Orlando"}
    assert await member.refused("bookCreate", foreign) == [("NotFoundError", "NOT_FOUND", "input.shelfId")]
    same = {"workspaceId": here.workspace.id, "name": here.shelf.name}
    assert await world.owner.refused("shelfCreate", same) == [("ConflictError", "ALREADY_EXISTS", "input.name")]
    full = {"id": here.shelf.id}
    assert await world.owner.refused("shelfDelete", full) == [("ConflictError", "IN_USE", "input.id")]
    assert await member.refused("shelfDelete", full) == [("PermissionError", "PERMISSION_DENIED", "input")]


async def test_guests_see_the_books_of_their_shelves(world: LibraryWorld) -> None:
    here = world.here
    hidden = BookFactory(shelf=here.other_shelf, author_id=here.author.id, condition=Condition.POOR)
    await world.store(hidden)
    assert (await books(world, Role.MEMBER))["totalCount"] == 3
    seen = await books(world, Role.GUEST)
    assert seen["totalCount"] == 2
    assert {each["id"] for each in seen["nodes"]} == {here.book.id, here.volume.id}
    shelves = (await world.client(Role.GUEST).run(SHELVES, slug=here.workspace.slug))["workspace"]["shelves"]
    assert [each["name"] for each in shelves["nodes"]] == ["Novels"]
    refused = await world.client(Role.GUEST).refused("bookUpdate", {"id": here.book.id, "title": "Mine"})
    assert refused == [("PermissionError", "PERMISSION_DENIED", "input")]


async def test_a_batch_refuses_rows_by_themselves(world: LibraryWorld) -> None:
    given = {"shelfId": world.here.shelf.id, "books": [{"title": "One"}, {"title": ""}], "onError": "SKIP"}
    payload = await world.member.mutate(
        "bookBatchCreate", given, "changedCount skippedCount results { book { title } errors { path } }"
    )
    assert (payload["changedCount"], payload["skippedCount"]) == (1, 1)
    assert payload["results"] == [
        {"book": {"title": "One"}, "errors": []},
        {"book": None, "errors": [{"path": ["input", "books", "1", "title"]}]},
    ]


async def test_an_invitation_lets_a_guest_in_to_shelves(world: LibraryWorld) -> None:
    here, invitations, owner = world.here, world.app.invitations, world.owner.actor
    foreign = InvitationDraft(workspace_id=here.workspace.id, role=Role.GUEST, area_ids=(world.elsewhere.shelf.id,))
    with pytest.raises(NotFound, match="This shelf does not exist or is not visible to you"):
        await invitations.create(owner, foreign)
    draft = InvitationDraft(workspace_id=here.workspace.id, role=Role.GUEST, area_ids=(here.other_shelf.id,))
    link = (await invitations.create(owner, draft)).value.link
    assert link is not None
    user = UserFactory()
    await world.store(user)
    member = (await invitations.accept(Actor(user_id=user.id), link.partition("token=")[2])).value
    async with world.engine.connect() as connection:
        grants = select(AreaGrantRow.area_id).where(AreaGrantRow.member_id == member.id)
        assert list(await connection.scalars(grants)) == [here.other_shelf.id]
