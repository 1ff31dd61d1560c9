import asyncio
from dataclasses import replace

from sqlalchemy import text

from domain.issues.model import Issue
from domain.labels.model import Label
from tests.refusals import assert_refused, bad_colors, bad_ids, bad_lines, conflict, invalid
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.storing import link


async def test_creating_a_label(world: World):
    payload = await world.member.mutate(
        "labelCreate",
        {
            "workspaceId": world.here.workspace.id,
            "name": " Caf\u0065\u0301 ",
            "color": "#00ff99",
            "description": "When",
        },
        "label { id name color description }",
    )
    label_id = payload["label"].pop("id")
    assert payload == {
        "label": {"name": "Café", "color": "#00ff99", "description": "When"},
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(Label, label_id)
    assert (stored.name, stored.color, stored.description) == ("Café", "#00ff99", "When")
    changes = {
        "name": [None, "Café"],
        "color": [None, "#00ff99"],
        "description": [None, "When"],
    }
    assert await world.events() == [(1, "label.created", label_id, changes)]


def descriptions() -> dict:
    """The description may be left empty."""
    named = bad_lines("description", longest=255)
    return {name: case for name, case in named.items() if name not in ("description empty", "description blank")}


async def test_a_blank_description_is_none(world: World):
    good = {"workspaceId": world.here.workspace.id, "color": "#00ff99"}
    for number, description in enumerate(("", "  ", None)):
        asked = good | {"name": f"Label {number}", "description": description}
        payload = await world.member.mutate("labelCreate", asked, "label { description }")
        assert payload == {"label": {"description": None}, "revision": number + 1, "errors": []}


async def test_bad_labels_are_refused(world: World):
    cases = {
        **bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id),
        **bad_lines("name", longest=80),
        **bad_colors(),
        **descriptions(),
        "taken": ({"name": "bug"}, conflict("name", "ALREADY_EXISTS")),
        "taken but for blanks": ({"name": " bug "}, conflict("name", "ALREADY_EXISTS")),
        "two at once": ({"name": "", "color": ""}, [*invalid("name", "REQUIRED"), *invalid("color")]),
    }
    good = {"workspaceId": world.here.workspace.id, "name": "new", "color": "#00ff99"}
    await assert_refused(world, world.member, "labelCreate", good, cases)


async def test_updating_a_label(world: World):
    label = world.here.label
    payload = await world.member.mutate(
        "labelUpdate",
        {"id": label.id, "name": "defect", "color": "#ff0000", "description": "Broken"},
        "label { id name color description }",
    )
    assert payload == {
        "label": {"id": label.id, "name": "defect", "color": "#ff0000", "description": "Broken"},
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(Label, label.id)
    assert stored == replace(label, name="defect", color="#ff0000", description="Broken", updated_at=stored.updated_at)
    changes = {"name": ["bug", "defect"], "color": [label.color, "#ff0000"], "description": [None, "Broken"]}
    assert await world.events() == [(1, "label.updated", label.id, changes)]


async def test_bad_changes_of_a_label_are_refused(world: World):
    await world.store(LabelFactory(workspace=world.here.workspace, name="taken"))
    cases = {
        **bad_ids("id", "lab", foreign=world.elsewhere.label.id),
        **bad_lines("name", longest=80),
        **bad_colors(),
        **descriptions(),
        "taken": ({"name": "taken"}, conflict("name", "ALREADY_EXISTS")),
    }
    await assert_refused(world, world.member, "labelUpdate", {"id": world.here.label.id}, cases)


async def test_a_deleted_label_comes_off_every_issue(world: World):
    place = world.here
    second = IssueFactory(project=place.project, state=place.todo, number=2, creator_id=place.issue.creator_id)
    kept = LabelFactory(workspace=place.workspace, name="kept")
    await world.store(second, kept)
    for issue in (place.issue, second):
        await link(world.engine, issue, labels=[place.label, kept])
    payload = await world.member.mutate("labelDelete", {"id": place.label.id}, "deletedLabelId detachedCount")
    assert payload == {"deletedLabelId": place.label.id, "detachedCount": 2, "revision": 3, "errors": []}
    assert await world.stored(Label, place.label.id) is None
    data = await world.member.run(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { labels { name } } } }",
        ids=[place.issue.id, second.id],
    )
    assert data == {"nodes": [{"labels": [{"name": "kept"}]}] * 2}
    gone = {"name": ["bug", None], "color": [place.label.color, None]}
    lost = {"labels": [sorted((place.label.id, kept.id)), [kept.id]]}
    assert await world.events() == [
        (1, "issue.updated", place.issue.id, lost),
        (2, "issue.updated", second.id, lost),
        (3, "label.deleted", place.label.id, gone),
    ]


async def test_a_label_that_no_issue_has_detaches_none(world: World):
    payload = await world.member.mutate("labelDelete", {"id": world.here.label.id}, "detachedCount")
    assert payload == {"detachedCount": 0, "revision": 1, "errors": []}


async def test_deleting_no_label_is_refused(world: World):
    await assert_refused(world, world.member, "labelDelete", {}, bad_ids("id", "lab", foreign=world.elsewhere.label.id))


async def test_a_label_that_goes_while_it_is_put_on_is_a_conflict(world: World):
    issue, label = world.here.issue, world.here.label
    async with world.engine.connect() as connection:
        await connection.execute(text("DELETE FROM label WHERE id = :id"), {"id": label.id})
        update = asyncio.create_task(
            world.member.mutate("issueUpdate", {"id": issue.id, "title": "New", "labels": {"add": [label.id]}})
        )
        await world.until_blocked(update)
        await connection.commit()
    payload = await update
    assert [(error["__typename"], error["code"]) for error in payload["errors"]] == [("ConflictError", "CONFLICT")]
    assert await world.stored(Issue, issue.id) == issue
    assert await world.events() == []
