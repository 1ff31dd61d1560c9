"""Guests see the projects that they are in, and of the rest of the workspace nothing (G10, G11, G13)."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import orjson
import pytest

from api.graphql.masking import format_errors
from domain.issues.model import Issue
from domain.shared.actor import Actor, Role
from tests.client import Client
from tests.guessing import TELLING, Times, best_guess
from tests.tracker.api.guest_world import GuestWorld, build_guest_world, crawl
from tests.tracker.api.world import World

GUEST = 2
SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.verify) for seed in range(1, 6)))
Node = dict[str, Any]


@pytest.fixture(params=SEEDS)
async def there(request: pytest.FixtureRequest, world: World) -> GuestWorld:
    return await build_guest_world(world, Random(request.param))


def total(connection: Node) -> int:
    assert connection["totalCount"] == len(connection["nodes"])
    return int(connection["totalCount"])


async def test_a_guest_reaches_what_is_visible_and_nothing_else(there: GuestWorld) -> None:
    """Beginning at the workspaces, and at the id of everything that there is."""
    guest = await there.client(GUEST)
    visible = there.visible_to(GUEST)
    reached, nodes = await crawl(guest, there, there.everything)
    assert reached == visible
    assert nodes.keys() <= visible
    assert {each for each in visible if not each.startswith(("usr_", "ses_"))} <= nodes.keys()


async def test_the_crawl_reaches_everything_for_an_owner(there: GuestWorld) -> None:
    """Proves that the crawl misses no object, so that an object it does not reach for a guest is hidden."""
    reached, _ = await crawl(await there.client(0), there)
    assert there.everything <= reached


async def test_people_are_read_by_id_only_if_they_share_something(there: GuestWorld) -> None:
    guest = await there.client(GUEST)
    mine = there.projects_of(GUEST)
    sharing = {each.member_id for each in there.guest_places if each.project_id in mine} | {there.members[GUEST].id}
    for member in there.members:
        is_seen = member.role is not Role.GUEST or member.id in sharing
        data = await guest.run("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[member.id, member.user_id])
        assert data["nodes"] == ([{"id": member.id}, {"id": member.user_id}] if is_seen else [None, None])


async def test_counts_are_of_what_is_visible(there: GuestWorld) -> None:
    guest = await there.client(GUEST)
    visible = there.visible_to(GUEST)
    _, nodes = await crawl(guest, there)
    for node in nodes.values():
        for value in node.values():
            if isinstance(value, dict) and "totalCount" in value:
                total(value)
    workspace = nodes[there.workspace.id]
    issues = there.issues_seen_by(GUEST)
    assert total(workspace["issues"]) == len([issue for issue in issues if issue.trashed_at is None])
    assert total(workspace["projects"]) == len(there.projects_of(GUEST))
    assert total(workspace["labels"]) == len(there.labels)
    assert total(workspace["imports"]) == 0
    assert {node["id"] for node in workspace["members"]["nodes"]} <= visible


# Filters and sorts.

ISSUES = """query ($id: ID!, $filter: IssueFilter, $sort: [IssueSort!]) { node(id: $id) { ... on Workspace {
  issues(first: 100, includeArchived: true, filter: $filter, sort: $sort) { totalCount nodes { id } } } } }"""


async def ids_of(client: Client, there: GuestWorld, filter: Node | None, sort: Any = None) -> list[str]:
    data = await client.run(ISSUES, id=there.workspace.id, filter=filter, sort=sort)
    total(data["node"]["issues"])
    return [node["id"] for node in data["node"]["issues"]["nodes"]]


def _leaf(there: GuestWorld, random: Random) -> Node:
    """A condition on something that may well be hidden."""
    name = {"contains": random.choice(["about", random.choice(there.issues).id])}
    return random.choice(
        [
            {"title": name},
            {"text": random.choice(there.issues).id},
            {"id": {random.choice(["eq", "neq"]): random.choice(there.issues).id}},
            {"identifier": {"startsWith": random.choice(there.projects).key}},
            {"number": {"gte": random.randrange(4)}},
            {"state": {"name": {"eq": random.choice(there.states).name}}},
            {"state": {"id": {"in": [random.choice(there.states).id, random.choice(there.states).id]}}},
            {"project": {"key": {random.choice(["eq", "neq"]): random.choice(there.projects).key}}},
            {"project": {"name": {"contains": random.choice(there.projects).id}}},
            {"creator": {"id": {"eq": random.choice(there.people).id}}},
            {"creator": {"name": {"neq": random.choice(there.people).name}}},
            {"assignees": {random.choice(["some", "every", "none"]): {"id": {"eq": random.choice(there.people).id}}}},
            {"labels": {random.choice(["some", "none"]): {"name": {"eq": random.choice(there.labels).name}}}},
            {"milestone": {"name": {"contains": "about"}}},
            {"milestoneId": {"isNull": random.choice([True, False])}},
            {"archivedAt": {"isNull": random.choice([True, False])}},
        ]
    )


def _filter(there: GuestWorld, random: Random, leaf: Callable[[GuestWorld, Random], Node], depth: int = 2) -> Node:
    shape = random.choice(["leaf", "and", "or", "not"]) if depth else "leaf"
    if shape == "leaf":
        return leaf(there, random)
    if shape == "not":
        return {"not": _filter(there, random, leaf, depth - 1)}
    return {shape: [_filter(there, random, leaf, depth - 1) for _ in range(2)]}


async def test_a_filter_finds_of_the_visible_what_it_finds_of_all(there: GuestWorld) -> None:
    guest, owner = await there.client(GUEST), await there.client(0)
    mine = {issue.id for issue in there.issues_seen_by(GUEST)}
    random = Random(len(there.issues))
    for _ in range(25):
        asked = _filter(there, random, _leaf)
        expected = [found for found in await ids_of(owner, there, asked) if found in mine]
        assert await ids_of(guest, there, asked) == expected, asked


async def test_an_issue_under_a_hidden_one_is_under_none(there: GuestWorld) -> None:
    """The only condition that looks beyond the issue's own project."""
    guest = await there.client(GUEST)
    mine = [issue for issue in there.issues_seen_by(GUEST) if issue.trashed_at is None]
    seen = {issue.id for issue in there.issues_seen_by(GUEST)}
    parents = {issue.id: issue.parent_id if issue.parent_id in seen else None for issue in mine}
    for asked in there.issues:
        answers: list[tuple[Node, set[str]]] = [
            ({"eq": asked.id}, {id_ for id_, parent in parents.items() if parent == asked.id}),
            ({"in": [asked.id]}, {id_ for id_, parent in parents.items() if parent == asked.id}),
            ({"neq": asked.id}, {id_ for id_, parent in parents.items() if parent != asked.id}),
            ({"notIn": [asked.id]}, {id_ for id_, parent in parents.items() if parent != asked.id}),
            ({"isNull": True}, {id_ for id_, parent in parents.items() if parent is None}),
            ({"isNull": False}, {id_ for id_, parent in parents.items() if parent is not None}),
        ]
        for comparator, expected in answers:
            assert set(await ids_of(guest, there, {"parentId": comparator})) == expected, comparator


@pytest.mark.parametrize("key", ["createdAt", "updatedAt", "priority", "number", "dueDate"])
async def test_a_list_can_be_walked_in_every_order(world: World, key: str) -> None:
    there = await build_guest_world(world, Random(3))
    guest, owner = await there.client(GUEST), await there.client(0)
    mine = {issue.id for issue in there.issues_seen_by(GUEST)}
    sort = [{key: {"direction": "DESC"}}]
    walked: list[str] = []
    after, has_next = None, True
    query = f"""query ($id: ID!, $after: String) {{ node(id: $id) {{ ... on Workspace {{
      issues(first: 2, after: $after, includeArchived: true, sort: [{{{key}: {{direction: DESC}}}}]) {{
        nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"""
    while has_next:
        page = (await guest.run(query, id=there.workspace.id, after=after))["node"]["issues"]
        walked += [node["id"] for node in page["nodes"]]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert walked == [found for found in await ids_of(owner, there, None, sort) if found in mine]
    assert len(walked) > 2


# Names.


async def bytes_of(client: Client, query: str, **variables: Any) -> bytes:
    data, errors = await client.execute(query, **variables)
    return orjson.dumps({"data": data, "errors": format_errors(errors)})


BY_IDENTIFIER = (
    "query ($id: ID!, $name: String!) { node(id: $id) { ... on Workspace { issue(identifier: $name) { id } } } }"
)
BY_KEY = "query ($id: ID!, $name: String!) { node(id: $id) { ... on Workspace { project(key: $name) { id } } } }"


async def test_hidden_and_unknown_names_get_the_same_answer(there: GuestWorld) -> None:
    guest = await there.client(GUEST)
    mine = there.projects_of(GUEST)
    here = there.workspace.id
    unknown_issue = await bytes_of(guest, BY_IDENTIFIER, id=here, name="NONE-1")
    unknown_project = await bytes_of(guest, BY_KEY, id=here, name="NONE")
    for issue in there.issues:
        answer = await bytes_of(guest, BY_IDENTIFIER, id=here, name=there.identifier_of(issue))
        assert (answer == unknown_issue) is (issue.project_id not in mine)
    for project in there.projects:
        answer = await bytes_of(guest, BY_KEY, id=here, name=project.key)
        assert (answer == unknown_project) is (project.id not in mine)


@pytest.mark.verify
@pytest.mark.alone
async def test_the_time_does_not_tell_a_hidden_issue_from_an_unknown_one(world: World) -> None:
    there = await build_guest_world(world, Random(4))
    guest = await there.client(GUEST)
    hidden = next(issue for issue in there.issues if issue.project_id not in there.projects_of(GUEST))

    async def seconds(name: str) -> float:
        started = time.perf_counter()
        assert (await guest.run(BY_IDENTIFIER, id=there.workspace.id, name=name))["node"] == {"issue": None}
        return time.perf_counter() - started

    async def taken() -> Times:
        known, unknown = [], []
        for _ in range(400):
            known.append(await seconds(there.identifier_of(hidden)))
            unknown.append(await seconds(there.identifier_of(hidden)[:2] + "-99"))
        return known, unknown

    assert await best_guess(taken) <= TELLING


# Other workspaces.


async def test_a_guest_of_one_workspace_may_be_a_member_of_another(world: World) -> None:
    there = await build_guest_world(world, Random(5))
    guest = await there.client(GUEST)
    roles = {**guest.actor.roles, world.here.workspace.id: Role.MEMBER}
    both = Client(world.app, Actor(user_id=guest.actor.user_id, roles=roles, areas=guest.actor.areas))
    data = await both.run(
        """{ workspaces { nodes { id members { totalCount }
          issues(includeArchived: true) { totalCount nodes { id } } } } }"""
    )
    counts = {node["id"]: node for node in data["workspaces"]["nodes"]}
    assert total(counts[there.workspace.id]["issues"]) == len(
        [issue for issue in there.issues_seen_by(GUEST) if issue.trashed_at is None]
    )
    assert counts[world.here.workspace.id]["issues"]["nodes"] == [{"id": world.here.issue.id}]
    assert counts[world.here.workspace.id]["members"]["totalCount"] == len(Role)
    alone = await ids_of_workspace(both, world.here.workspace.id)
    assert alone == [world.here.issue.id]


async def ids_of_workspace(client: Client, workspace_id: str) -> list[str]:
    data = await client.run(
        "query ($id: ID!) { node(id: $id) { ... on Workspace { issues { nodes { id } } } } }", id=workspace_id
    )
    return [node["id"] for node in data["node"]["issues"]["nodes"]]


async def test_without_known_projects_a_guest_sees_none(world: World) -> None:
    """Proves that an actor built without known projects sees too little, never too much."""
    role = {world.here.workspace.id: Role.GUEST}
    forgotten = Client(world.app, Actor(user_id=world.here.people[Role.GUEST].id, roles=role))
    assert await ids_of_workspace(forgotten, world.here.workspace.id) == []
    data = await forgotten.run("query ($id: ID!) { node(id: $id) { id } }", id=world.here.issue.id)
    assert data == {"node": None}
    payload = await forgotten.mutate("commentCreate", {"issueId": world.here.issue.id, "body": "Hello"})
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    assert isinstance(await world.stored(Issue, world.here.issue.id), Issue)
