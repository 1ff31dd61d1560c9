"""Updates that expect a revision merge with later changes of other fields, and refuse to overwrite the same ones."""

import asyncio

import pytest
from sqlalchemy import text

from api.graphql.runner import graphql_schema
from domain.shared.actor import Role
from tests import updates as expected
from tests.client import UNCHANGED, Client
from tests.refusals import invalid
from tests.sample.application import SCHEMA
from tests.sample.domain.model import MOST_TAGS, Book
from tests.sample.factories import TagFactory
from tests.sample.world import LibraryWorld
from tests.statements import watched
from tests.updates import DETAILS, Tried, Update, revision

ALL = ("bookUpdate", "memberUpdate", "shelfUpdate", "workspaceUpdate")
WITH_SEVERAL_FIELDS = ("bookUpdate", "workspaceUpdate")


def tried(world: LibraryWorld, mutation: str) -> Tried:
    """The mutation with an ID, and a new value for each field."""
    here = world.here
    book = {
        "title": "title",
        "description": "description",
        "condition": "condition",
        "pages": "pages",
        "publishedOn": "publishedOn",
        "lentOn": "lentOn",
        "dueOn": "dueOn",
        "authorId": "author { id }",
        "parentId": "parent { id }",
        "tags": "tags { id }",
    }
    values = {
        "title": "New",
        "description": "New",
        "condition": "FAIR",
        "pages": 99,
        "publishedOn": "1953-01-01",
        "lentOn": "2025-11-30",
        "dueOn": "2030-01-01",
        "authorId": here.author.id,
        "parentId": None,
        "tags": {"set": [here.tag.id]},
    }
    clearable = values.keys() - {"title", "description", "tags"}
    subject, update = {
        "bookUpdate": (here.volume.id, Update("Book", values, book, clearable=frozenset(clearable))),
        "memberUpdate": (here.members[Role.MEMBER].id, Update("Member", {"role": "ADMIN"}, {"role": "role"})),
        "shelfUpdate": (here.shelf.id, Update("Shelf", {"name": "New"}, {"name": "name"})),
        "workspaceUpdate": (
            here.workspace.id,
            Update("Workspace", {"slug": "new-slug", "name": "New"}, {"slug": "slug", "name": "name"}),
        ),
    }[mutation]
    return Tried(world=world, client=world.owner, mutation=mutation, subject=subject, update=update)


def test_every_update_is_tried_with_an_expected_revision() -> None:
    mutations = graphql_schema(SCHEMA).mutation_type
    assert mutations is not None
    inputs = {name: field.args["input"].type for name, field in mutations.fields.items()}
    assert {name for name, kind in inputs.items() if "expectedRevision" in kind.of_type.fields} == set(ALL)


ORDERS = (
    "revision books(filter: {title: {eq: $title}}) { nodes { title } } tags { nodes { name } }",
    "tags { nodes { name } } books(filter: {title: {eq: $title}}) { nodes { title } } revision",
    "books(filter: {title: {eq: $title}}) { nodes { title } } tags { nodes { id } } revision authors { nodes { id } }",
)


@pytest.mark.parametrize("fields", ORDERS)
@pytest.mark.parametrize(
    "parent", ["workspace(slug: $slug) {", "workspaces { nodes {", "node(id: $workspace) { ... on Workspace {"]
)
async def test_the_revision_of_a_workspace_is_read_before_its_objects(
    world: LibraryWorld, parent: str, fields: str
) -> None:
    place = world.here.workspace
    types = {"slug": ("String!", place.slug), "workspace": ("ID!", place.id), "title": ("String!", "Diaries")}
    used = {name: pair for name, pair in types.items() if f"${name}" in parent + fields}
    names = " ".join(f"${name}: {type_}" for name, (type_, _) in used.items())
    query = f"query ({names}) {{ {parent} {fields} {'}' * parent.count('{')} }}"
    for _ in range(2):  # the second run waits for nothing that the first has made
        with watched() as kept:
            await world.member.run(query, **{name: value for name, (_, value) in used.items()})
        read = ["workspace_revision" in statement for statement in kept.statements]
        assert read == [False, True, *[False] * (len(read) - 2)]
        assert len(read) > 3


@pytest.mark.parametrize("mutation", ALL)
async def test_a_field_that_changed_meanwhile_is_not_overwritten(world: LibraryWorld, mutation: str) -> None:
    await world.tagged(world.here.volume, world.here.tag)
    await expected.expect_nothing_overwritten(tried(world, mutation))


@pytest.mark.parametrize("mutation", WITH_SEVERAL_FIELDS)
async def test_changes_of_other_fields_are_merged(world: LibraryWorld, mutation: str) -> None:
    await expected.expect_merged(tried(world, mutation))


@pytest.mark.parametrize("mutation", ALL)
async def test_the_same_value_and_an_undone_change_are_no_conflict(world: LibraryWorld, mutation: str) -> None:
    await expected.expect_no_conflict_of_equal_values(tried(world, mutation))


@pytest.mark.parametrize("mutation", ALL)
async def test_revisions_outside_of_the_log_are_refused(world: LibraryWorld, mutation: str) -> None:
    await expected.expect_revisions_of_the_log_only(tried(world, mutation))


async def test_a_revision_in_an_empty_log_is_in_the_future(world: LibraryWorld) -> None:
    mine = {"id": world.here.book.id, "title": "Mine", "expectedRevision": 1}
    assert await world.member.refused("bookUpdate", mine) == invalid("expectedRevision", "OUT_OF_RANGE")
    assert await revision(world) == 0


@pytest.mark.parametrize("mutation", ALL)
async def test_a_retry_is_no_conflict_with_its_first_attempt(world: LibraryWorld, mutation: str) -> None:
    await expected.expect_no_conflict_of_a_retry(tried(world, mutation))


@pytest.mark.parametrize("mutation", ALL)
async def test_an_expected_revision_takes_one_statement_and_none_takes_none(world: LibraryWorld, mutation: str) -> None:
    await expected.expect_one_statement_more(tried(world, mutation))


async def test_collections_conflict_only_where_they_are_replaced(world: LibraryWorld) -> None:
    here, book = world.here, world.here.book
    ours, theirs = TagFactory.build_batch(2, workspace=here.workspace)
    await world.store(ours, theirs)
    await world.member.mutate("bookUpdate", {"id": book.id, "tags": {"add": [theirs.id]}})
    seen = {"id": book.id, "expectedRevision": 0}
    await world.member.mutate("bookUpdate", seen | {"tags": {"add": [ours.id]}})
    await world.member.mutate("bookUpdate", seen | {"tags": {"remove": [here.tag.id]}})
    assert await world.member.mutate("bookUpdate", seen | {"tags": {"set": [ours.id, theirs.id]}}) == UNCHANGED
    payload = await world.member.mutate("bookUpdate", seen | {"tags": {"set": [ours.id]}}, DETAILS)
    [error] = payload["errors"]
    [shown] = error["conflicts"]
    assert {name: shown[name] for name in ("field", "base", "current", "yours")} == {
        "field": "tags",
        "base": [here.tag.id],
        "current": sorted([ours.id, theirs.id]),
        "yours": [ours.id],
    }


async def test_one_error_names_all_conflicts_and_nothing_is_written(world: LibraryWorld) -> None:
    book = world.here.book
    for title in ("First", "Second"):
        await world.owner.mutate("bookUpdate", {"id": book.id, "title": title, "condition": "FAIR"})
    await world.member.mutate("bookUpdate", {"id": book.id, "pages": 5})
    mine = {"title": "Mine", "condition": "MINT", "pages": 5, "dueOn": "2030-01-01", "expectedRevision": 0}
    payload = await world.member.mutate("bookUpdate", {"id": book.id, **mine}, f"book {{ id }} {DETAILS}")
    [error] = payload["errors"]
    assert (payload["book"], payload["revision"], error["currentRevision"]) == (None, None, 3)
    assert error["message"] == (
        "`condition` and `title` were changed after revision 0. Merge the values, and send the update again with "
        "`expectedRevision` 3."
    )
    found = {each["field"]: (each["base"], each["current"], each["yours"]) for each in error["conflicts"]}
    assert found == {
        "title": ([book.title], ["Second"], ["Mine"]),
        "condition": ([book.condition.name], ["FAIR"], ["MINT"]),
    }
    assert {each["changedBy"]["id"] for each in error["conflicts"]} == {world.owner.actor.user_id}
    stored = await world.stored(Book, book.id)
    assert (stored.title, stored.due_on) == ("Second", None)


async def test_changes_of_the_server_have_no_author(world: LibraryWorld) -> None:
    book = world.here.book
    await world.owner.mutate("bookUpdate", {"id": book.id, "title": "Theirs"})
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE event SET actor_id = NULL"))
    mine = {"id": book.id, "title": "Mine", "expectedRevision": 0}
    [error] = (await world.member.mutate("bookUpdate", mine, DETAILS))["errors"]
    assert [each["changedBy"] for each in error["conflicts"]] == [None]


async def test_long_texts_are_shown_whole(world: LibraryWorld) -> None:
    book, base, theirs, mine = world.here.book, "b" * 5000, "t" * 5000, "m" * 5000
    for text_ in (base, "between", theirs):
        await world.owner.mutate("bookUpdate", {"id": book.id, "description": text_})
    sent = {"id": book.id, "description": mine, "expectedRevision": 1}
    [error] = (await world.member.mutate("bookUpdate", sent, DETAILS))["errors"]
    shown = [(each["base"], each["current"], each["yours"]) for each in error["conflicts"]]
    assert shown == [([base], [theirs], [mine])]
    back = {"id": book.id, "description": theirs, "expectedRevision": 1}
    assert await world.member.mutate("bookUpdate", back) == UNCHANGED


READ = """query ($slug: String!, $id: ID!) { workspace(slug: $slug) {
  revision books(filter: {id: {eq: $id}}) { nodes { id description tags { id } } } } }"""


async def appended(world: LibraryWorld, client: Client, word: str) -> int:
    """Appends a word to the description of the volume, and returns the number of attempts."""
    attempts = 0
    while True:
        attempts += 1
        data = await client.run(READ, slug=world.here.workspace.slug, id=world.here.volume.id)
        seen = data["workspace"]
        [found] = seen["books"]["nodes"]
        values = {"description": f"{found['description']} {word}", "expectedRevision": seen["revision"]}
        payload = await client.mutate("bookUpdate", {"id": found["id"], **values})
        if not payload["errors"]:
            return attempts
        assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]


@pytest.mark.parametrize("appending", [32 - MOST_TAGS, pytest.param(32, marks=pytest.mark.verify)])
async def test_32_writers_at_once_lose_nothing(world: LibraryWorld, appending: int) -> None:
    book = world.here.volume
    tags = TagFactory.build_batch(32 - appending, workspace=world.here.workspace)
    await world.store(*tags)
    await world.owner.mutate("bookUpdate", {"id": book.id, "description": "Words:"})
    adding = [
        world.member.mutate("bookUpdate", {"id": book.id, "tags": {"add": [tag.id]}, "expectedRevision": 1})
        for tag in tags
    ]
    clients = (world.owner, world.member)
    words = [f"word{number}" for number in range(appending)]
    appends = [appended(world, clients[number % 2], word) for number, word in enumerate(words)]
    done = await asyncio.gather(*appends, *adding)
    assert sum(done[:appending]) > appending, "No writer was in the way of another."
    assert [payload["errors"] for payload in done[appending:]] == [[]] * len(tags)
    data = await world.owner.run(READ, slug=world.here.workspace.slug, id=book.id)
    [found] = data["workspace"]["books"]["nodes"]
    assert sorted(found["description"].split()) == sorted(["Words:", *words])
    assert {tag["id"] for tag in found["tags"]} == {tag.id for tag in tags}
