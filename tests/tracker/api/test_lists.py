"""Rules that hold for every list of the schema: order, pages, counts and filters."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type

from api.graphql.runner import graphql_schema
from api.schema import schema
from api.shared.list_sizes import default_size
from domain.shared.actor import Role
from tests.factories.batches import BatchRunFactory
from tests.root_fields import SCHEMA
from tests.tracker.api.lists import LISTS, Listed
from tests.tracker.api.world import World
from tests.tracker.factories.events import log_events
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.transfers import ImportRunFactory

UNSORTABLE = (
    "Issue.history",
    "Comment.history",
    "ChangeSet.events",
    "Query.workspaces",
    "User.securityEvents",
    "User.sessions",
    "Workspace.batchRuns",
    "Workspace.imports",
    "Workspace.invitations",
    "BatchRun.skipped",
    "ImportRun.losses",
    "ImportRun.mappings",
)
INFO = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.fixture(params=LISTS)
async def listed(request: pytest.FixtureRequest, world: World) -> Listed:
    """A list of two pages of twelve."""
    return await LISTS[request.param](world, 20)


def test_every_list_is_in_the_table():
    found = set()
    for name, kind in graphql_schema(schema).type_map.items():
        for field_name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            type_ = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
            if getattr(type_, "name", "").endswith("Connection"):
                found.add(f"{name}.{field_name}")
    assert found == set(LISTS), "Give each list its line in LISTS of tests/tracker/api/lists.py."


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_has_its_own_order_and_size(world: World, name: str):
    listed = await LISTS[name](world, 55)
    ids = listed.sorted_ids(*listed.usual)
    page = await listed.page("", f"{INFO} totalCount edges {{ cursor node {{ id }} }}")
    assert [node["id"] for node in page["nodes"]] == ids[: listed.default]
    assert [edge["node"]["id"] for edge in page["edges"]] == ids[: listed.default]
    assert page["totalCount"] == 55
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": page["edges"][0]["cursor"],
        "endCursor": page["edges"][-1]["cursor"],
    }
    assert len({edge["cursor"] for edge in page["edges"]}) == listed.default
    assert await listed.ids("first: 100") == ids
    assert await listed.ids("last: 100") == ids
    assert await listed.ids("last: 1") == ids[-1:]
    # Both alone go by the usual size.
    cursor = page["edges"][9]["cursor"]
    assert await listed.ids(f'after: "{cursor}"') == ids[10 : 10 + listed.default]
    assert await listed.ids(f'before: "{cursor}"') == ids[:9]


async def test_every_order_can_be_walked_in_both_directions(listed: Listed):
    orders = [
        (key, *rest)
        for key in listed.orders
        for rest in product(("ASC", "DESC"), ("FIRST", "LAST") if listed.has_nulls(key) else ("LAST",))
    ]
    for key, direction, nulls in orders or [(*listed.usual, "LAST")]:
        sort = f"sort: [{{{key}: {{direction: {direction}, nulls: {nulls}}}}}]" if orders else ""
        expected = listed.sorted_ids(key, direction, nulls)
        for side, beyond, has_more, edge in (
            ("first", "after", "hasNextPage", "endCursor"),
            ("last", "before", "hasPreviousPage", "startCursor"),
        ):
            walked: list[str] = []
            arguments, cursor, is_more = f"{side}: 12 {beyond}: $cursor {sort}", dict[str, str](), True
            while is_more:
                page = await listed.page(arguments, INFO, **cursor)
                ids = [node["id"] for node in page["nodes"]]
                walked = walked + ids if side == "first" else ids + walked
                cursor = {"cursor": page["pageInfo"][edge]}
                is_more = page["pageInfo"][has_more]
            assert walked == expected, (key, direction, nulls, side)
            assert await listed.page(arguments, INFO, **cursor) == {
                "nodes": [],
                "pageInfo": {
                    "hasNextPage": side == "last",
                    "hasPreviousPage": side == "first",
                    "startCursor": None,
                    "endCursor": None,
                },
            }


@pytest.mark.parametrize("name", [name for name in LISTS if name not in UNSORTABLE])
async def test_the_usual_direction_is_ascending_and_nulls_come_last(world: World, name: str):
    listed = await LISTS[name](world, 20)
    kind = SCHEMA.type_map[listed.parent.split()[0] if listed.parent else "Query"]
    assert isinstance(kind, GraphQLObjectType)
    sort = get_named_type(kind.fields[listed.field].args["sort"].type)
    assert isinstance(sort, GraphQLInputObjectType)
    assert listed.orders.keys() == sort.fields.keys(), (
        "Give the list in tests/tracker/api/lists.py each key in its `orders`."
    )
    for key in listed.orders:
        assert await listed.ids(f"first: 100, sort: [{{{key}: {{}}}}]") == listed.sorted_ids(key, "ASC", "LAST")


async def test_wrong_pages_are_refused(listed: Listed):
    cursor = (await listed.page("first: 3", INFO))["pageInfo"]["endCursor"]
    wrong = {
        "first: 0": ("OUT_OF_RANGE", "first"),
        "first: -1": ("OUT_OF_RANGE", "first"),
        "first: 101": ("OUT_OF_RANGE", "first"),
        "last: 0": ("OUT_OF_RANGE", "last"),
        "last: 101": ("OUT_OF_RANGE", "last"),
        "first: 1, last: 1": ("INVALID_INPUT", "last"),
        f'first: 1, before: "{cursor}"': ("INVALID_INPUT", "before"),
        f'last: 1, after: "{cursor}"': ("INVALID_INPUT", "after"),
        'after: ""': ("INVALID_CURSOR", "after"),
        'after: "junk"': ("INVALID_CURSOR", "after"),
        'last: 1, before: "junk"': ("INVALID_CURSOR", "before"),
        r'after: "\u0000"': ("INVALID_INPUT", ""),
        f'after: "{cursor}="': ("INVALID_CURSOR", "after"),
        f'after: "{cursor[:-4]}"': ("INVALID_CURSOR", "after"),
    }
    answers = {arguments: await listed.client.failed(listed.query(arguments, "nodes { id }")) for arguments in wrong}
    assert answers == {arguments: [error] for arguments, error in wrong.items()}


async def test_numbers_beyond_graphql_are_refused(listed: Listed):
    for number in (str(2**31), "1.5", '"1"'):
        assert await listed.client.failed(listed.query(f"first: {number}", "nodes { id }")) == [
            ("VALIDATION_ERROR", "")
        ]


@pytest.mark.parametrize("name", [name for name in LISTS if name not in UNSORTABLE])
async def test_wrong_sorts_are_refused(world: World, name: str):
    listed = await LISTS[name](world, 8)
    one, *others = listed.orders
    other = others[0] if others else one
    cursor = (await listed.page("first: 3", INFO))["pageInfo"]["endCursor"]
    turned = "DESC" if listed.usual[1] == "ASC" else "ASC"
    wrong = {
        f"sort: [{{{one}: {{}}}}, {{{one}: {{direction: DESC}}}}]": ("INVALID_INPUT", "sort"),
        f"sort: [{{{one}: {{}}, {other}x: {{}}}}]": ("VALIDATION_ERROR", ""),
        f"sort: [{{{one}: {{}}, {other}: {{}}}}]": ("VALIDATION_ERROR", ""),
        f"sort: [{{{one}: null}}]": ("VALIDATION_ERROR", ""),
        "sort: [{}]": ("VALIDATION_ERROR", ""),
        f'after: "{cursor}", sort: [{{{listed.usual[0]}: {{direction: {turned}}}}}]': ("INVALID_CURSOR", "after"),
    }
    answers = {
        arguments: set(await listed.client.failed(listed.query(arguments, "nodes { id }"))) for arguments in wrong
    }
    assert answers == {arguments: {error} for arguments, error in wrong.items()}


async def test_a_cursor_belongs_to_one_list_and_one_filter(world: World):
    issues = await LISTS["Workspace.issues"](world, 5)
    cursor = (await issues.page("first: 2", INFO))["pageInfo"]["endCursor"]
    for other in (name for name in LISTS if name != "Workspace.issues"):
        listed = await LISTS[other](world, 0 if other != "Workspace.members" else 4)
        query = listed.query(f'after: "{cursor}"', "nodes { id }")
        assert await listed.client.failed(query) == [("INVALID_CURSOR", "after")], other
    for arguments in ('filter: {title: {contains: "x"}}', "includeArchived: true", "filter: {number: {gt: 0}}"):
        query = issues.query(f'after: "{cursor}", {arguments}', "nodes { id }")
        assert await world.member.failed(query) == [("INVALID_CURSOR", "after")], arguments
    assert await issues.ids(f'after: "{cursor}", filter: {{}}') == (await issues.ids())[2:]


async def under_another_parent(listed: Listed, world: World) -> Listed:
    """The list under a parent in another workspace that the reader may see, or the list of another user."""
    if listed.parent is None:
        return replace(listed, client=world.owner)
    kind, _ = listed.parent.split()
    if kind == "User":
        return replace(listed, client=world.owner, parent=f"User {world.owner.actor.user_id}")
    there = world.elsewhere
    run = ImportRunFactory(workspace=there.workspace, started_by_id=there.people[Role.OWNER].id)
    batch_run = BatchRunFactory(workspace=there.workspace, started_by_id=there.people[Role.OWNER].id)
    await world.store(run, batch_run)
    parents: dict[str, Any] = {
        "Workspace": there.workspace,
        "Project": there.project,
        "Milestone": there.milestone,
        "Issue": there.issue,
        "Comment": there.comment,
        "ImportRun": run,
        "BatchRun": batch_run,
    }
    if listed.within:
        [event] = await log_events(world.engine, there.issue, [{"title": ["a", "b"]}])
        listed = replace(listed, within=f"changeSet(id: {event.revision})")
    actor = listed.client.actor
    seeing_both = replace(actor, roles={**actor.roles, there.workspace.id: Role.OWNER})
    return replace(listed, client=replace(listed.client, actor=seeing_both), parent=f"{kind} {parents[kind].id}")


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_belongs_to_one_parent(world: World, name: str):
    listed = await LISTS[name](world, 5)
    other = await under_another_parent(listed, world)
    pages = await listed.page("first: 3", INFO)
    cursor = pages["pageInfo"]["endCursor"]
    await other.page("first: 3", INFO)
    for arguments in (f'after: "{cursor}"', f'last: 2, before: "{cursor}"'):
        [error] = await other.client.failed(other.query(arguments, "nodes { id }"))
        assert error == ("INVALID_CURSOR", "after" if arguments.startswith("after") else "before")
    assert len(await listed.ids(f'after: "{cursor}"')) == 2


async def test_one_cursor_under_many_parents_is_refused_under_each(world: World):
    """Uses a cursor that can belong to only one parent for the lists of several parents."""
    listed = await LISTS["Issue.comments"](world, 5)
    cursor = (await listed.page("first: 3", INFO))["pageInfo"]["endCursor"]
    await world.store(*_children(world))
    select = f'issues {{ nodes {{ comments(after: "{cursor}") {{ nodes {{ id }} }} }} }}'
    workspace_id = world.here.workspace.id
    refused = await world.member.failed(f'{{ node(id: "{workspace_id}") {{ ... on Workspace {{ {select} }} }} }}')
    assert set(refused) == {("INVALID_CURSOR", "after")}


def _children(world: World) -> list[Any]:
    place = world.here
    made = {"project": place.project, "state": place.todo, "creator_id": place.issue.creator_id}
    return [IssueFactory(number=number, **made) for number in (2, 3)]


async def test_a_count_alone_and_a_count_under_a_filter(world: World):
    issues = await LISTS["Workspace.issues"](world, 30)
    assert await issues.page("", "totalCount") == {"totalCount": 30}
    assert await issues.page("first: 2, filter: {number: {lte: 10}}", "totalCount nodes { number }") == {
        "totalCount": 10,
        "nodes": [{"number": 10}, {"number": 9}],
    }
    cursor = (await issues.page("first: 3", INFO))["pageInfo"]["endCursor"]
    assert (await issues.page(f'after: "{cursor}"', "totalCount"))["totalCount"] == 30


async def test_several_keys_sort_one_after_the_other(world: World):
    issues = await LISTS["Workspace.issues"](world, 40)
    expected = sorted(issues.items, key=lambda issue: (-issue.priority, issue.created_at, issue.id))
    sort = "sort: [{priority: {direction: DESC}}, {createdAt: {}}]"
    walked, after = [], ""
    for _ in range(4):
        page = await issues.page(f"first: 10 {after} {sort}", INFO)
        walked += [node["id"] for node in page["nodes"]]
        after = f'after: "{page["pageInfo"]["endCursor"]}"'
    assert walked == [issue.id for issue in expected]


async def test_an_empty_list(world: World):
    issues = await LISTS["Workspace.issues"](world, 5)
    assert await issues.page('filter: {title: {eq: "no such"}}', f"totalCount {INFO} edges {{ cursor }}") == {
        "totalCount": 0,
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_lists_under_a_list_are_each_their_own(world: World):
    place = world.here
    projects = [ProjectFactory(workspace=place.workspace, key=f"N{number}") for number in range(4)]
    states = [StateFactory(project=project) for project in projects]
    issues = [
        IssueFactory(project=project, state=state, number=number, creator_id=place.issue.creator_id)
        for size, (project, state) in enumerate(zip(projects, states, strict=True))
        for number in range(1, size + 1)
    ]
    await world.store(*projects, *states, *issues)
    query = """query ($id: ID!, $after: String, $key: String = "N") { node(id: $id) { ... on Workspace {
      projects(filter: {key: {startsWith: $key}}) { nodes { key
        issues(first: 2, after: $after, sort: [{number: {}}]) {
          totalCount nodes { identifier } pageInfo { hasNextPage endCursor } } } } } } }"""
    first = (await world.member.run(query, id=place.workspace.id))["node"]["projects"]["nodes"]
    assert [
        (
            node["key"],
            node["issues"]["totalCount"],
            [issue["identifier"] for issue in node["issues"]["nodes"]],
            node["issues"]["pageInfo"]["hasNextPage"],
        )
        for node in first
    ] == [
        ("N0", 0, [], False),
        ("N1", 1, ["N1-1"], False),
        ("N2", 2, ["N2-1", "N2-2"], False),
        ("N3", 3, ["N3-1", "N3-2"], True),
    ]
    # A cursor belongs to the list under one parent.
    given = {"id": place.workspace.id, "after": first[-1]["issues"]["pageInfo"]["endCursor"]}
    [then] = (await world.member.run(query, **given, key="N3"))["node"]["projects"]["nodes"]
    assert [issue["identifier"] for issue in then["issues"]["nodes"]] == ["N3-3"]
    assert {code for code, _ in await world.member.failed(query, **given)} == {"INVALID_CURSOR"}


@pytest.mark.parametrize("name", LISTS)
async def test_the_cost_of_a_list_is_counted_from_its_own_size(world: World, name: str):
    assert default_size(name.partition(".")[0]) == (await LISTS[name](world, 1)).default
