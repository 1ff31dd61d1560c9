"""A batch decides as `issueUpdate` does: random changes of random issues, one by one and together."""

import random
from typing import Any

from sqlalchemy import text

from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

STORED = """id title priority dueDate startDate estimate completedAt state { id } milestone { id } parent { id }
  assignees { id } labels { id }"""


async def crowd(world: World, chance: random.Random) -> tuple[list[str], dict[str, list[Any]]]:
    """IDs of issues of two projects with all kinds of values, and values for each field, some of them wrong."""
    place = world.here
    other = ProjectFactory(workspace=place.workspace, key="TWO")
    state = StateFactory(project=other)
    labels = LabelFactory.build_batch(2, workspace=place.workspace)
    milestone = MilestoneFactory(project=place.project)
    creator = place.issue.creator_id
    issues = [
        IssueFactory(
            project=each_project,
            state=each_state,
            number=200 + number,
            creator_id=creator,
            due_date=chance.choice([None, place.issue.created_at.date()]),
            estimate=chance.choice([None, 1]),
        )
        for number in range(8)
        for each_project, each_state in [chance.choice([(place.project, place.todo), (other, state)])]
    ]
    await world.store(other, state, milestone, *labels, *issues)
    for issue in issues:
        await link(world.engine, issue, labels=chance.sample(labels, chance.randrange(3)))
    people = [person.id for person in place.people.values()]
    ids = [issue.id for issue in issues]
    sets = [{"set": []}, {"add": chance.sample(people, 2)}, {"remove": people}, {"set": people[:1], "add": people}]
    return ids, {
        "title": ["New", issues[0].title, " "],
        "stateId": [place.done.id, state.id, place.label.id],
        "priority": ["HIGH", "NONE"],
        "startDate": [None, "2020-01-01", "2040-01-01"],
        "dueDate": [None, "2030-01-01"],
        "estimate": [None, 1, -1],
        "milestoneId": [None, milestone.id],
        "parentId": [None, *ids[:3]],
        "assignees": sets,
        "labels": [{"add": [label.id for label in labels]}, {"set": []}, {"add": ["junk"]}],
    }


async def shown(world: World, ids: list[str]) -> Any:
    nodes = (
        await world.member.run(
            f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Issue {{ {STORED} }} }} }}", ids=ids
        )
    )["nodes"]
    return [node | {"completedAt": node["completedAt"] is not None} for node in nodes]


async def test_a_batch_decides_as_updates_one_by_one(world: World) -> None:
    chance = random.Random(14)
    ids, values = await crowd(world, chance)
    outcomes = set()
    for _ in range(16):
        names = chance.sample(sorted(values), chance.randrange(1, 4))
        change = {name: chance.choice(values[name]) for name in names}
        given = {"workspaceId": world.here.workspace.id, "select": {"ids": ids}, "change": change, "onError": "SKIP"}
        select = "changedCount results { errors { code path message } }"
        planned = await world.member.mutate("issueBatchUpdate", given | {"dryRun": True}, select)
        singly = [await world.member.mutate("issueUpdate", {"id": id_} | change) for id_ in ids]
        after = await shown(world, ids)
        assert [[each["code"] for each in row["errors"]] for row in planned["results"]] == [
            [each["code"] for each in payload["errors"]] for payload in singly
        ], change
        assert [[["input", *each["path"][2:]] for each in row["errors"]] for row in planned["results"]] == [
            [each["path"] for each in payload["errors"]] for payload in singly
        ]
        assert planned["changedCount"] == sum(payload["revision"] is not None for payload in singly)
        outcomes |= {each["code"] for payload in singly for each in payload["errors"]}
        # The same change again, by the batch: it has the same errors, and finds nothing to do elsewhere.
        again = await world.member.mutate("issueBatchUpdate", given, select)
        assert (again["changedCount"], again["results"]) == (0, planned["results"])
        assert await shown(world, ids) == after
        await reset(world, chance, ids, values)
    assert outcomes >= {"REQUIRED", "OUT_OF_RANGE", "INVALID_ID", "INVALID_INPUT", "PARENT_CYCLE"}


async def reset(world: World, chance: random.Random, ids: list[str], values: dict[str, list[Any]]) -> None:
    """Gives some of the issues other values, so that the next change meets new ones."""
    async with world.engine.begin() as connection:
        for id_ in chance.sample(ids, 3):
            await connection.execute(
                text("UPDATE issue SET estimate = :estimate, parent_id = NULL WHERE id = :id"),
                {"estimate": chance.choice([None, 1, 5]), "id": id_},
            )
