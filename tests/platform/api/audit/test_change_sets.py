"""Change sets as clients read them: their events, and who sees which."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.shared.actor import Actor, Cause, Role
from domain.shared.events import Event, FieldChange
from infra.jobs.log_cleaning import change_log_cleaning
from tests.client import Client
from tests.sample.domain.events import BookUpdated
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld
from tests.statements import counted

READ = """query ($slug: String!, $id: Revision!) { workspace(slug: $slug) { changeSet(id: $id) {
  revision occurredAt actor { name } cause eventCount isUndoable reasons { code message }
  events { totalCount nodes { revision changeSet kind subjectId changes { field before after } } } } } }"""
PAGE = """query ($slug: String!, $id: Revision!, $first: Int, $after: String, $last: Int, $before: String) {
  workspace(slug: $slug) { changeSet(id: $id) { events(first: $first, after: $after, last: $last, before: $before) {
    totalCount totalCountIsExact nodes { revision }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


async def read(world: LibraryWorld, client: Client, revision: int) -> Any:
    found = (await client.run(READ, slug=world.here.workspace.slug, id=revision))["workspace"]
    return found["changeSet"]


async def page(world: LibraryWorld, revision: int, **arguments: Any) -> Any:
    found = await world.member.run(PAGE, slug=world.here.workspace.slug, id=revision, **arguments)
    return found["workspace"]["changeSet"]["events"]


async def reasons(world: LibraryWorld, client: Client, revision: int) -> list[str]:
    found = await read(world, client, revision)
    assert found["isUndoable"] is (found["reasons"] == [])
    return [reason["code"] for reason in found["reasons"]]


async def record(world: LibraryWorld, *events: Event, actor: Actor) -> int:
    app: Any = world.app
    async with app.library._uow(actor) as uow:
        for event in events:
            uow.record(event)
        written = await uow.commit(None)
    revision: int = written.revision
    return revision


def titles(world: LibraryWorld, count: int, *, title: str = "b") -> list[Event]:
    book, change = world.here.book, {"title": FieldChange(before="a", after=title)}
    place: dict[str, Any] = {"workspace_id": book.workspace_id, "area_id": book.shelf_id}
    return [BookUpdated(subject_id=book.id, changes=change, **place) for _ in range(count)]


async def test_a_change_set_is_all_that_a_mutation_changed(world: LibraryWorld):
    place = world.here
    await world.member.mutate("bookUpdate", {"id": place.book.id, "title": "before"})
    books = {"shelfId": place.shelf.id, "books": [{"title": title, "authorId": place.author.id} for title in "abc"]}
    payload = await world.member.mutate("bookBatchCreate", books, "changedCount")
    await world.member.mutate("bookUpdate", {"id": place.book.id, "title": "after"})
    found = await read(world, world.member, payload["revision"])
    events = found.pop("events")
    assert found.pop("occurredAt")
    [reason] = found.pop("reasons")
    assert (reason["code"], "cannot be undone" in reason["message"]) == ("UNSUPPORTED", True)
    assert found == {
        "revision": payload["revision"],
        "actor": {"name": "Member"},
        "cause": "USER",
        "eventCount": 3,
        "isUndoable": False,
    }
    assert events["totalCount"] == 3
    assert [event["kind"] for event in events["nodes"]] == ["BOOK_CREATED"] * 3
    assert {event["changeSet"] for event in events["nodes"]} == {payload["revision"]}
    [first, *_] = events["nodes"]
    assert {"field": "authorId", "before": None, "after": [place.author.id]} in first["changes"]


async def test_long_texts_are_shown_in_full(world: LibraryWorld):
    body = "long" * 1250
    payload = await world.member.mutate("bookUpdate", {"id": world.here.book.id, "description": body})
    [event] = (await read(world, world.member, payload["revision"]))["events"]["nodes"]
    assert [each["after"] for each in event["changes"] if each["field"] == "description"] == [[body]]


async def test_other_numbers_are_no_change_sets(world: LibraryWorld):
    last = await record(world, *titles(world, 3), actor=world.member.actor)
    assert (await read(world, world.member, last))["eventCount"] == 3
    for number in (0, last - 2, last - 1, last + 1, 2**53):
        assert await read(world, world.member, number) is None
    elsewhere = await world.client(None).run(READ, slug=world.elsewhere.workspace.slug, id=last)
    assert elsewhere["workspace"]["changeSet"] is None
    assert (await world.client(None).run(READ, slug=world.here.workspace.slug, id=last))["workspace"] is None


@pytest.mark.parametrize("wrong", ["-1", str(2**53 + 1), '"1"', "1.5", "null", "true", "[1]"])
async def test_a_revision_is_checked(world: LibraryWorld, wrong: str):
    query = f'{{ workspace(slug: "{world.here.workspace.slug}") {{ changeSet(id: {wrong}) {{ revision }} }} }}'
    _, errors = await world.member.execute(query)
    assert errors


async def test_a_deleted_change_set_is_told_from_none(world: LibraryWorld):
    first = await record(world, *titles(world, 2), actor=world.member.actor)
    second = await record(world, *titles(world, 1), actor=world.member.actor)
    age = text("UPDATE event SET occurred_at = now() - interval '2 days' WHERE revision <= :last")
    async with world.engine.begin() as connection:
        await connection.execute(age, {"last": first})
        while await change_log_cleaning(timedelta(days=1))(connection):
            pass
    for revision in (1, first):
        failed = await world.member.failed(READ, slug=world.here.workspace.slug, id=revision)
        assert failed == [("REVISION_GONE", "id")]
    assert await read(world, world.member, 0) is None
    left = await read(world, world.member, second)
    assert [event["revision"] for event in left["events"]["nodes"]] == [second]


async def test_events_are_read_in_pages(world: LibraryWorld):
    other = await record(world, *titles(world, 1), actor=world.member.actor)
    last = await record(world, *titles(world, 5), actor=world.member.actor)
    await record(world, *titles(world, 1), actor=world.member.actor)
    first = await page(world, last, first=2)
    assert (first["totalCount"], first["totalCountIsExact"]) == (5, True)
    assert [each["revision"] for each in first["nodes"]] == [2, 3]
    assert (first["pageInfo"]["hasPreviousPage"], first["pageInfo"]["hasNextPage"]) == (False, True)
    rest = await page(world, last, first=100, after=first["pageInfo"]["endCursor"])
    assert [each["revision"] for each in rest["nodes"]] == [4, 5, 6]
    assert rest["pageInfo"]["hasNextPage"] is False
    back = await page(world, last, last=2, before=rest["pageInfo"]["endCursor"])
    assert [each["revision"] for each in back["nodes"]] == [4, 5]
    wrong = {"slug": world.here.workspace.slug, "id": other, "first": 2, "after": first["pageInfo"]["endCursor"]}
    assert await world.member.failed(PAGE, **wrong) == [("INVALID_CURSOR", "after")]
    assert await world.member.failed(PAGE, **(wrong | {"after": None, "first": 101})) == [("OUT_OF_RANGE", "first")]


async def test_guests_see_and_count_events_of_their_shelves_alone(world: LibraryWorld):
    place, guest = world.here, world.client(Role.GUEST)
    hidden = BookFactory(shelf=place.other_shelf)
    await world.store(hidden)
    far = BookUpdated(workspace_id=place.workspace.id, subject_id=hidden.id, area_id=hidden.shelf_id)
    both = await record(world, far, *titles(world, 1), actor=world.member.actor)
    only_hidden = await record(world, far, actor=world.member.actor)

    seen = await read(world, guest, both)
    assert (seen["eventCount"], seen["events"]["totalCount"]) == (1, 1)
    [event] = seen["events"]["nodes"]
    assert (event["subjectId"], [each["field"] for each in event["changes"]]) == (place.book.id, ["title"])
    assert await reasons(world, guest, both) == ["UNSUPPORTED", "NOT_YOUR_OWN", "PERMISSION_DENIED"]
    assert await read(world, guest, only_hidden) is None
    assert (await read(world, world.member, both))["eventCount"] == 2
    assert (await read(world, world.member, only_hidden))["eventCount"] == 1


async def test_large_imports_are_counted_in_part(world: LibraryWorld, monkeypatch: pytest.MonkeyPatch):
    for module in ("domain.audit.change_sets", "infra.audit.change_sets", "infra.db.pages"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 3)
    counts = []
    for cause, count in ((Cause.IMPORT, 3), (Cause.IMPORT, 4), (Cause.USER, 4)):
        revision = await record(world, *titles(world, count), actor=replace(world.member.actor, cause=cause))
        events = await page(world, revision, first=1)
        found = await read(world, world.member, revision)
        counts.append((found["eventCount"], events["totalCount"], events["totalCountIsExact"]))
    assert counts == [(3, 3, True), (None, 3, False), (4, 3, False)]


async def test_a_change_set_takes_few_statements(world: LibraryWorld):
    long = replace(titles(world, 1)[0], changes={"description": FieldChange(before="a" * 5000, after="b" * 5000)})
    taken = []
    for events in (titles(world, 1), titles(world, 20), [*titles(world, 19), long]):
        revision = await record(world, *events, actor=world.member.actor)
        for client in (world.owner, world.client(Role.GUEST)):
            with counted() as alone:
                await client.run("query ($slug: String!) { workspace(slug: $slug) { id } }", slug="here")
            with counted() as statements:
                await read(world, client, revision)
            taken.append(len(statements) - len(alone))
    users = 1
    assert taken == [3 + users] * 4 + [4 + users] * 2
