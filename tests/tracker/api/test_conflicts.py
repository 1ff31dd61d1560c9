"""Updates that expect a revision merge with later changes of other fields, and refuse to overwrite the same ones."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from api.graphql.runner import graphql_schema
from api.schema import schema
from domain.issues.model import Issue
from domain.shared.actor import Role
from tests.client import UNCHANGED, Client
from tests.refusals import invalid
from tests.statements import counted, watched
from tests.tracker.api.test_updates import MUTATIONS, Update, updates
from tests.tracker.api.world import World
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.storing import link

DETAILS = """errors { ... on ConflictError { conflictingFields currentRevision
  conflicts { field base current yours changedBy { id } changedAt } } }"""
ALL = (*MUTATIONS, "memberUpdate", "statesReorder")
WITH_SEVERAL_FIELDS = [name for name in MUTATIONS if name != "commentUpdate"]


def table(world: World) -> dict[str, tuple[str, Update]]:
    """Every mutation that can expect a revision: an ID, and a new value for each field."""
    place = world.here
    order = {"stateIds": [place.done.id, place.todo.id]}
    return updates(world) | {
        "memberUpdate": (place.members[Role.MEMBER].id, Update("Member", {"role": "ADMIN"}, {"role": "role"})),
        "statesReorder": (
            place.project.id,
            Update("Project", order, {"stateIds": "states { id }"}, id_field="projectId"),
        ),
    }


def test_every_update_is_tried_with_an_expected_revision() -> None:
    mutations = graphql_schema(schema).mutation_type
    assert mutations is not None
    inputs = {name: field.args["input"].type for name, field in mutations.fields.items()}
    assert {name for name, kind in inputs.items() if "expectedRevision" in kind.of_type.fields} == set(ALL)


def client_of(world: World, mutation: str) -> Client:
    return world.member if mutation == "commentUpdate" else world.owner


ORDERS = (
    "revision issue(identifier: $id) { title } issues { nodes { title } }",
    "issues { nodes { title } } issue(identifier: $id) { title } revision",
    "issue(identifier: $id) { title } labels { nodes { name } } revision members { nodes { role } }",
)


@pytest.mark.parametrize("fields", ORDERS)
@pytest.mark.parametrize(
    "parent", ["workspace(slug: $slug) {", "workspaces { nodes {", "node(id: $workspace) { ... on Workspace {"]
)
async def test_the_revision_of_a_workspace_is_read_before_its_objects(world: World, parent: str, fields: str) -> None:
    place = world.here.workspace
    types = {"slug": ("String!", place.slug), "workspace": ("ID!", place.id), "id": ("String!", "ENG-1")}
    used = {name: pair for name, pair in types.items() if f"${name}" in parent + fields}
    names = " ".join(f"${name}: {type_}" for name, (type_, _) in used.items())
    query = f"query ({names}) {{ {parent} {fields} {'}' * parent.count('{')} }}"
    with watched() as kept:
        await world.member.run(query, **{name: value for name, (_, value) in used.items()})
    read = ["workspace_revision" in statement for statement in kept.statements]
    assert read == [False, True, *[False] * (len(read) - 2)]
    assert len(read) > 3


async def revision(world: World) -> int:
    data = await world.owner.run(
        "query ($slug: String!) { workspace(slug: $slug) { revision } }", slug=world.here.workspace.slug
    )
    found: int = data["workspace"]["revision"]
    return found


async def stored_input(world: World, id: str, update: Update) -> dict[str, Any]:
    """The object's values as the input takes them."""
    fields = " ".join(f"{name}: {selection}" for name, selection in update.selections.items())
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {update.kind} {{ {fields} }} }} }}"
    node = (await world.owner.run(query, id=id))["node"]
    return {name: _as_input(value, is_order=name == "stateIds") for name, value in node.items()}


def _as_input(value: Any, *, is_order: bool) -> Any:
    if isinstance(value, list):
        ids = [item["id"] for item in value]
        return ids if is_order else {"set": sorted(ids)}
    return value["id"] if isinstance(value, dict) else value


def texts(value: Any) -> list[str] | None:
    """The value of an input as conflicts show it."""
    if isinstance(value, dict):
        return sorted(value["set"])
    if isinstance(value, list):
        return value
    return None if value is None else [str(value)]


@pytest.mark.parametrize("mutation", ALL)
async def test_a_field_that_changed_meanwhile_is_not_overwritten(world: World, mutation: str) -> None:
    client = client_of(world, mutation)
    subject, update = table(world)[mutation]
    await link(world.engine, world.here.issue, labels=[world.here.label])
    base = await stored_input(world, subject, update)
    for name, theirs in update.values.items():
        if base[name] == theirs:
            continue
        seen = await revision(world)
        first = await client.mutate(mutation, update.given(subject, **{name: theirs}))
        assert first["errors"] == []
        before = await world.rows()
        mine = update.given(subject, **{name: base[name]}, expectedRevision=seen)
        if base[name] is not None or name in update.clearable:
            payload = await client.mutate(mutation, mine, DETAILS)
            [error] = payload["errors"]
            kind, code, path = error["__typename"], error["code"], error["path"]
            assert (kind, code, path) == ("ConflictError", "CONFLICT", ["input", *update.path(name)])
            assert error["conflictingFields"] == [name]
            assert error["currentRevision"] == first["revision"]
            [shown] = error["conflicts"]
            changed_at = shown.pop("changedAt")
            assert shown == {
                "field": name,
                "base": texts(base[name]),
                "current": texts(theirs),
                "yours": texts(base[name]),
                "changedBy": {"id": client.actor.user_id},
            }
            assert changed_at
            assert payload["revision"] is None
            assert await world.rows() == before
            merged = await client.mutate(mutation, mine | {"expectedRevision": error["currentRevision"]})
            assert merged["errors"] == []


@pytest.mark.parametrize("mutation", WITH_SEVERAL_FIELDS)
async def test_changes_of_other_fields_are_merged(world: World, mutation: str) -> None:
    subject, update = table(world)[mutation]
    seen = await revision(world)
    base = await stored_input(world, subject, update)
    values = {name: value for name, value in update.values.items() if value != base[name]}
    assert len(values) > 1
    for name, value in values.items():
        payload = await world.owner.mutate(mutation, update.given(subject, **{name: value}, expectedRevision=seen))
        assert payload["errors"] == [], name
    assert await stored_input(world, subject, update) == base | values


@pytest.mark.parametrize("mutation", ALL)
async def test_the_same_value_and_an_undone_change_are_no_conflict(world: World, mutation: str) -> None:
    client = client_of(world, mutation)
    subject, update = table(world)[mutation]
    base = await stored_input(world, subject, update)
    name = next(name for name, value in update.values.items() if value != base[name] and base[name] is not None)
    seen = await revision(world)
    await client.mutate(mutation, update.given(subject, **{name: update.values[name]}))
    mine = update.given(subject, **{name: update.values[name]}, expectedRevision=seen)
    assert await client.mutate(mutation, mine) == UNCHANGED
    await client.mutate(mutation, update.given(subject, **{name: base[name]}))
    assert (await client.mutate(mutation, mine))["errors"] == []
    assert (await stored_input(world, subject, update))[name] == update.values[name]


@pytest.mark.parametrize("mutation", ALL)
async def test_revisions_outside_of_the_log_are_refused(world: World, mutation: str) -> None:
    client = client_of(world, mutation)
    subject, update = table(world)[mutation]
    mine = update.given(subject, **dict([*update.values.items()][:1]))
    first = await client.mutate(mutation, mine | {"expectedRevision": 0})
    last = first["revision"]
    assert (first["errors"], last > 0) == ([], True)
    before = await world.rows()
    future = await client.refused(mutation, mine | {"expectedRevision": last + 1})
    assert future == invalid("expectedRevision", "OUT_OF_RANGE")
    assert await world.rows() == before
    async with world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM event"))
        await connection.execute(text(f"UPDATE workspace_revision SET first_revision = {last + 1}"))
    gone = await client.refused(mutation, mine | {"expectedRevision": 0})
    assert gone == invalid("expectedRevision", "REVISION_GONE")
    assert await client.mutate(mutation, mine | {"expectedRevision": last}) == UNCHANGED


async def test_a_revision_in_an_empty_log_is_in_the_future(world: World) -> None:
    mine = {"id": world.here.issue.id, "title": "Mine", "expectedRevision": 1}
    assert await world.member.refused("issueUpdate", mine) == invalid("expectedRevision", "OUT_OF_RANGE")
    assert await revision(world) == 0


@pytest.mark.parametrize("mutation", ALL)
async def test_a_retry_is_no_conflict_with_its_first_attempt(world: World, mutation: str) -> None:
    client = client_of(world, mutation)
    subject, update = table(world)[mutation]
    name, value = next(iter(update.values.items()))
    mine = update.given(subject, **{name: value}, expectedRevision=await revision(world), idempotencyKey="k1")
    first = await client.mutate(mutation, mine)
    assert first["errors"] == []
    assert await client.mutate(mutation, mine) == first


@pytest.mark.parametrize("mutation", ALL)
async def test_an_expected_revision_takes_one_statement_and_none_takes_none(world: World, mutation: str) -> None:
    client = client_of(world, mutation)
    subject, update = table(world)[mutation]
    base = await stored_input(world, subject, update)
    name = next(name for name, value in update.values.items() if value != base[name] and base[name] is not None)
    taken: list[list[str]] = []
    for expected in ({}, {"expectedRevision": None}, {"expectedRevision": 0}):
        await client.mutate(mutation, update.given(subject, **{name: base[name]}))
        async with world.engine.begin() as connection:
            await connection.execute(text("DELETE FROM event"))
            await connection.execute(text("UPDATE workspace_revision SET revision = 0"))
        with counted() as statements:
            payload = await client.mutate(mutation, update.given(subject, **{name: update.values[name]}, **expected))
        assert (payload["errors"], payload["revision"] is None) == ([], False)
        taken.append(list(statements))
    plain, null, checked = taken
    assert len(plain) == len(null) == len(checked) - 1
    assert not any("jsonb_each" in statement for statement in plain)


async def test_collections_conflict_only_where_they_are_replaced(world: World) -> None:
    place, issue = world.here, world.here.issue
    ours, theirs = LabelFactory.build_batch(2, workspace=place.workspace)
    await world.store(ours, theirs)
    await link(world.engine, issue, labels=[place.label])
    await world.member.mutate("issueUpdate", {"id": issue.id, "labels": {"add": [theirs.id]}})
    seen = {"id": issue.id, "expectedRevision": 0}
    await world.member.mutate("issueUpdate", seen | {"labels": {"add": [ours.id]}})
    await world.member.mutate("issueUpdate", seen | {"labels": {"remove": [place.label.id]}})
    assert await world.member.mutate("issueUpdate", seen | {"labels": {"set": [ours.id, theirs.id]}}) == UNCHANGED
    payload = await world.member.mutate("issueUpdate", seen | {"labels": {"set": [ours.id]}}, DETAILS)
    [error] = payload["errors"]
    [shown] = error["conflicts"]
    assert {name: shown[name] for name in ("field", "base", "current", "yours")} == {
        "field": "labels",
        "base": [place.label.id],
        "current": sorted([ours.id, theirs.id]),
        "yours": [ours.id],
    }


async def test_one_error_names_all_conflicts_and_nothing_is_written(world: World) -> None:
    issue = world.here.issue
    for title in ("First", "Second"):
        await world.owner.mutate("issueUpdate", {"id": issue.id, "title": title, "priority": "LOW"})
    await world.member.mutate("issueUpdate", {"id": issue.id, "estimate": 5})
    mine = {"title": "Mine", "priority": "URGENT", "estimate": 5, "dueDate": "2030-01-01", "expectedRevision": 0}
    payload = await world.member.mutate("issueUpdate", {"id": issue.id, **mine}, f"issue {{ id }} {DETAILS}")
    [error] = payload["errors"]
    assert (payload["issue"], payload["revision"], error["currentRevision"]) == (None, None, 3)
    assert error["message"] == (
        "`priority` and `title` were changed after revision 0. Merge the values, and send the update again with "
        "`expectedRevision` 3."
    )
    found = {each["field"]: (each["base"], each["current"], each["yours"]) for each in error["conflicts"]}
    assert found == {
        "title": ([issue.title], ["Second"], ["Mine"]),
        "priority": ([issue.priority.name], ["LOW"], ["URGENT"]),
    }
    assert {each["changedBy"]["id"] for each in error["conflicts"]} == {world.owner.actor.user_id}
    stored = await world.stored(Issue, issue.id)
    assert (stored.title, stored.due_date) == ("Second", None)


async def test_changes_of_the_server_have_no_author(world: World) -> None:
    issue = world.here.issue
    await world.owner.mutate("issueUpdate", {"id": issue.id, "title": "Theirs"})
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE event SET actor_id = NULL"))
    mine = {"id": issue.id, "title": "Mine", "expectedRevision": 0}
    [error] = (await world.member.mutate("issueUpdate", mine, DETAILS))["errors"]
    assert [each["changedBy"] for each in error["conflicts"]] == [None]


async def test_long_texts_are_shown_whole(world: World) -> None:
    issue, base, theirs, mine = world.here.issue, "b" * 5000, "t" * 5000, "m" * 5000
    for text_ in (base, "between", theirs):
        await world.owner.mutate("issueUpdate", {"id": issue.id, "description": text_})
    sent = {"id": issue.id, "description": mine, "expectedRevision": 1}
    [error] = (await world.member.mutate("issueUpdate", sent, DETAILS))["errors"]
    shown = [(each["base"], each["current"], each["yours"]) for each in error["conflicts"]]
    assert shown == [([base], [theirs], [mine])]
    back = {"id": issue.id, "description": theirs, "expectedRevision": 1}
    assert await world.member.mutate("issueUpdate", back) == UNCHANGED


async def test_a_guest_is_told_of_conflicts_in_its_own_comments(world: World) -> None:
    guest = world.client(Role.GUEST)
    written = {"issueId": world.here.issue.id, "body": "First"}
    comment = (await guest.mutate("commentCreate", written, "comment { id }"))["comment"]
    await guest.mutate("commentUpdate", {"id": comment["id"], "body": "Second"})
    mine = {"id": comment["id"], "body": "Third", "expectedRevision": 1}
    [error] = (await guest.mutate("commentUpdate", mine, DETAILS))["errors"]
    [shown] = error["conflicts"]
    assert (shown["base"], shown["current"], shown["changedBy"]) == (["First"], ["Second"], {"id": guest.actor.user_id})


READ = """query ($slug: String!, $id: String!) { workspace(slug: $slug) {
  revision issue(identifier: $id) { id description labels { id } } } }"""


async def appended(world: World, client: Client, word: str) -> int:
    """Appends a word to the description of the issue, and returns the number of attempts."""
    attempts = 0
    while True:
        attempts += 1
        data = await client.run(READ, slug=world.here.workspace.slug, id="ENG-1")
        seen = data["workspace"]
        values = {"description": f"{seen['issue']['description']} {word}", "expectedRevision": seen["revision"]}
        payload = await client.mutate("issueUpdate", {"id": seen["issue"]["id"], **values})
        if not payload["errors"]:
            return attempts
        assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]


@pytest.mark.parametrize("appending", [8, pytest.param(32, marks=pytest.mark.verify)])
async def test_32_writers_at_once_lose_nothing(world: World, appending: int) -> None:
    issue = world.here.issue
    labels = LabelFactory.build_batch(32 - appending, workspace=world.here.workspace)
    await world.store(*labels)
    await world.owner.mutate("issueUpdate", {"id": issue.id, "description": "Words:"})
    adding = [
        world.member.mutate("issueUpdate", {"id": issue.id, "labels": {"add": [label.id]}, "expectedRevision": 1})
        for label in labels
    ]
    clients = (world.owner, world.member)
    words = [f"word{number}" for number in range(appending)]
    appends = [appended(world, clients[number % 2], word) for number, word in enumerate(words)]
    done = await asyncio.gather(*appends, *adding)
    assert sum(done[:appending]) > appending, "No writer was in the way of another."
    assert [payload["errors"] for payload in done[appending:]] == [[]] * len(labels)
    data = await world.owner.run(READ, slug=world.here.workspace.slug, id="ENG-1")
    found = data["workspace"]["issue"]
    assert sorted(found["description"].split()) == sorted(["Words:", *words])
    assert {label["id"] for label in found["labels"]} == {label.id for label in labels}
