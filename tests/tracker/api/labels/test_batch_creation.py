"""`labelBatchCreate`: names that are taken, also by other rows and by others who create labels meanwhile."""

import asyncio
from typing import Any

import pytest

from domain.labels.model import Label
from domain.shared.actor import Role
from domain.shared.batches import MOST_AT_ONCE
from infra.labels.repository import SqlLabelRepository
from tests.refusals import assert_refused, bad_colors, bad_ids, bad_lines, limit
from tests.statements import counted
from tests.tracker.api.labels.test_mutations import descriptions
from tests.tracker.api.world import World
from tests.tracker.factories.labels import LabelFactory

ERRORS = "errors { __typename code path message }"
ROWS = f"results {{ index labelId label {{ id name color }} {ERRORS} }} changedCount skippedCount"


def drafts(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "color": "#00ff99"} for name in names]


async def create(world: World, labels: list[dict[str, Any]], **more: Any) -> Any:
    asked = {"workspaceId": world.here.workspace.id, "labels": labels, **more}
    return await world.member.mutate("labelBatchCreate", asked, ROWS)


def names(payload: Any) -> list[str | None]:
    return [row["label"] and row["label"]["name"] for row in payload["results"]]


def refusals(payload: Any) -> list[tuple[str, str]]:
    """Code and path of each error of a row."""
    return [(error["code"], ".".join(error["path"])) for row in payload["results"] for error in row["errors"]]


async def test_labels_are_created_in_the_order_of_their_drafts(world: World):
    labels = [{"name": "wish", "color": "#123456", "description": "Would be nice"}, *drafts("Bug", " Caf\u0065\u0301 ")]
    payload = await create(world, labels)
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 3, 0)
    assert names(payload) == ["wish", "Bug", "Café"]
    assert payload["revision"] == 3
    stored = await world.stored(Label, payload["results"][0]["labelId"])
    assert (stored.name, stored.color, stored.description) == ("wish", "#123456", "Would be nice")
    assert [(revision, kind, subject) for revision, kind, subject, _ in await world.events()] == [
        (revision, "label.created", row["labelId"]) for revision, row in enumerate(payload["results"], 1)
    ]


async def test_each_row_is_refused_as_a_single_creation_is(world: World):
    cases = {**bad_lines("name", longest=80), **bad_colors(), **descriptions(), "taken": ({"name": "bug"}, [])}
    [good] = drafts("new")
    place = {"workspaceId": world.here.workspace.id}
    single = [await world.member.mutate("labelCreate", place | good | bad) for bad, _ in cases.values()]
    before = await world.rows()
    payload = await create(world, [good | bad for bad, _ in cases.values()], onError="SKIP")
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 0, len(cases))
    for index, (row, alone) in enumerate(zip(payload["results"], single, strict=True)):
        assert alone["errors"]
        assert row["errors"] == [
            error | {"path": ["input", "labels", str(index), *error["path"][1:]]} for error in alone["errors"]
        ]
    assert await world.rows() == before


async def test_of_rows_with_one_name_the_first_is_created(world: World):
    labels = [*drafts("new", "bug", "new"), {"name": "other", "color": "red"}, *drafts("other", "new ")]
    before = await world.rows()
    refused = await create(world, labels)
    taken = [
        ("ALREADY_EXISTS", "input.labels.1.name"),
        ("ALREADY_EXISTS", "input.labels.2.name"),
        ("INVALID_INPUT", "input.labels.3.color"),
        ("ALREADY_EXISTS", "input.labels.5.name"),
    ]
    assert refusals(refused) == taken
    assert [(error["code"], ".".join(error["path"])) for error in refused["errors"]] == taken
    assert (refused["changedCount"], refused["revision"]) == (0, None)
    assert await world.rows() == before

    created = await create(world, labels, onError="SKIP")
    assert (created["changedCount"], created["skippedCount"], created["revision"]) == (2, 4, 2)
    assert names(created) == ["new", None, None, None, "other", None]
    assert refusals(created) == taken


async def test_a_dry_run_creates_nothing(world: World):
    before = await world.rows()
    planned = await create(world, drafts("new", "bug"), onError="SKIP", dryRun=True)
    assert (planned["changedCount"], planned["skippedCount"], planned["revision"]) == (1, 1, None)
    assert names(planned) == [None, None]
    assert await world.rows() == before


async def test_a_retry_returns_the_first_result(world: World):
    first = await create(world, drafts("new", "bug"), onError="SKIP", idempotencyKey="k1")
    again = await create(world, drafts("new", "bug"), onError="SKIP", idempotencyKey="k1")
    assert (names(again), again["changedCount"], again["skippedCount"]) == (names(first), 1, 1)
    assert again["revision"] == first["revision"] == 1


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_name_that_others_take_meanwhile(world: World, is_committed: bool):
    """The batch waits for the other transaction; its outcome decides."""
    label = LabelFactory(workspace=world.here.workspace, name="new")
    async with world.engine.connect() as connection:
        await SqlLabelRepository(connection).add(label)
        creating = asyncio.create_task(create(world, drafts("first", "new", "last"), onError="SKIP"))
        await world.until_blocked(creating)
        await (connection.commit() if is_committed else connection.rollback())
    payload = await creating
    assert names(payload) == ["first", None if is_committed else "new", "last"]
    assert refusals(payload) == ([("ALREADY_EXISTS", "input.labels.1.name")] if is_committed else [])


async def test_concurrent_batches_with_the_same_names_do_not_deadlock(world: World):
    wanted = [f"label {number:02}" for number in range(40)]
    payloads = await asyncio.gather(
        *(create(world, drafts(*(wanted if n % 2 else reversed(wanted))), onError="SKIP") for n in range(8))
    )
    assert [payload["errors"] for payload in payloads] == [[]] * 8
    created = [name for payload in payloads for name in names(payload) if name is not None]
    assert sorted(created) == wanted


async def test_a_batch_needs_what_a_single_creation_needs(world: World):
    good = {"workspaceId": world.here.workspace.id, "labels": drafts("new")}
    cases = {
        **bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id),
        "too many": ({"labels": drafts("new") * (MOST_AT_ONCE + 1)}, limit("labels")),
    }
    await assert_refused(world, world.member, "labelBatchCreate", good, cases)
    guest = await world.client(Role.GUEST).refused("labelBatchCreate", good)
    assert guest == [("PermissionError", "PERMISSION_DENIED", "input")]


@pytest.mark.parametrize("rows", [1, MOST_AT_ONCE])
async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(world: World, rows: int):
    labels = drafts(*(f"label {number}" for number in range(rows)))
    asked = {"workspaceId": world.here.workspace.id, "labels": labels}
    with counted() as taken:
        payload = await world.member.mutate("labelBatchCreate", asked, "changedCount")
    assert (payload["errors"], payload["changedCount"]) == ([], rows)
    assert len(taken) <= 4, taken
