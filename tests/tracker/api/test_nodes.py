from typing import Any

import pytest

from api.graphql.masking import format_errors
from api.schema import schema
from domain.shared.actor import Actor, Role
from domain.shared.ids import prefix_of
from tests.client import Client
from tests.factories.accounts import IDS, UserFactory
from tests.factories.batches import BatchRunFactory
from tests.factories.moments import MADE
from tests.tracker.api.world import Place, World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory
from tests.tracker.factories.transfers import ImportRunFactory

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def nodes_of(world: World, place: Place) -> dict[str, str]:
    """An id of each kind."""
    started = {"workspace": place.workspace, "started_by_id": place.people[Role.OWNER].id}
    run, batch_run = ImportRunFactory(**started), BatchRunFactory(**started)
    await world.store(run, batch_run)
    return {
        "BatchRun": batch_run.id,
        "ImportRun": run.id,
        "User": place.people[Role.GUEST].id,
        "Workspace": place.workspace.id,
        "Invitation": place.invitation.id,
        "Member": place.members[Role.ADMIN].id,
        "Project": place.project.id,
        "ProjectMember": place.guest_place.id,
        "State": place.todo.id,
        "Milestone": place.milestone.id,
        "Label": place.label.id,
        "Issue": place.issue.id,
        "Comment": place.comment.id,
    }


async def test_every_kind_can_be_read_by_its_id(world: World):
    nodes = await nodes_of(world, world.here)
    assert {prefix_of(node_id) for node_id in nodes.values()} == set(schema.nodes)
    for kind, node_id in nodes.items():
        assert await world.owner.run(NODE, id=node_id) == {"node": {"__typename": kind, "id": node_id}}


async def test_nodes_of_other_workspaces_and_unknown_nodes_are_null(world: World):
    for node_id in (await nodes_of(world, world.elsewhere)).values():
        assert await world.owner.run(NODE, id=node_id) == {"node": None}, node_id
        fresh = IDS.new(node_id.partition("_")[0])
        assert await world.owner.run(NODE, id=fresh) == {"node": None}, fresh


async def test_many_nodes_come_in_the_order_of_their_ids(world: World):
    here, elsewhere = [await nodes_of(world, place) for place in (world.here, world.elsewhere)]
    ids = [here["Issue"], elsewhere["Issue"], here["User"], here["Issue"], IDS.new("lab"), here["Label"]]
    expected = [("Issue", ids[0]), None, ("User", ids[2]), ("Issue", ids[3]), None, ("Label", ids[5])]
    data = await world.member.run(NODES, ids=ids)
    assert [node and (node["__typename"], node["id"]) for node in data["nodes"]] == expected
    assert await world.member.run(NODES, ids=[]) == {"nodes": []}


async def test_100_nodes_are_possible_and_101_are_not(world: World):
    ids = [world.here.issue.id] * 101
    assert len((await world.member.run(NODES, ids=ids[:100]))["nodes"]) == 100
    assert await world.member.failed(NODES, ids=ids) == [("LIMIT_EXCEEDED", "ids")]


@pytest.mark.parametrize(
    ("node_id", "code"),
    [
        ("", "INVALID_ID"),
        ("junk", "INVALID_ID"),
        ("iss_", "INVALID_ID"),
        ("iss_" + "z" * 26, "INVALID_ID"),
        ("_01m82zxy2ae03r7bzer0er12a0", "INVALID_ID"),
        ("iss_01m82zxy2ae03r7bzer0er12a0\0", "INVALID_ID"),
        ("iss_01m82zxy2ae03r7bzer0er12a0\n", "INVALID_ID"),
        ("\ud800", "INVALID_ID"),
        ("ses_01m82zxy2ae03r7bzer0er12a0", "INVALID_INPUT"),
        ("job_01m82zxy2ae03r7bzer0er12a0", "INVALID_INPUT"),
        ("ISS_01m82zxy2ae03r7bzer0er12a0", "INVALID_INPUT"),
    ],
)
async def test_an_id_that_names_no_node_is_refused(world: World, node_id: str, code: str):
    assert await world.member.failed(NODE, id=node_id) == [(code, "id")]


async def test_wrong_ids_among_many_are_null_with_an_error_each_and_the_rest_is_answered(world: World):
    ids = [world.here.issue.id, "junk", IDS.new("lab"), IDS.new("job"), world.here.label.id, "junk"]
    data, errors = await world.member.execute(NODES, ids=ids)
    assert [node and node["id"] for node in data["nodes"]] == [ids[0], None, None, None, ids[4], None]
    told = [
        (error["extensions"]["code"], error["path"], error["extensions"]["inputPath"])
        for error in format_errors(errors)
    ]
    assert told == [
        ("INVALID_ID", ["nodes", 1], ["ids", "1"]),
        ("INVALID_INPUT", ["nodes", 3], ["ids", "3"]),
        ("INVALID_ID", ["nodes", 5], ["ids", "5"]),
    ]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ('issue(identifier: "eng-1")', "ENG-1"),
        ('issue(identifier: "Eng-1")', "ENG-1"),
        ('issue(identifier: " ENG-1")', None),
        ('issue(identifier: "ENG-\u0661")', None),
        ('project(key: "eng")', "ENG"),
        ('project(key: "\u0065\u0146g")', None),
    ],
)
async def test_human_keys_are_found_in_any_letter_case(world: World, arguments: str, name: str | None):
    field = "identifier" if arguments.startswith("issue") else "key"
    slug = world.here.workspace.slug
    for written in (slug, slug.upper()):
        found = await world.member.run(
            f'{{ workspace(slug: "{written}") {{ found: {arguments} {{ name: {field} }} }} }}'
        )
        assert found == {"workspace": {"found": name and {"name": name}}}


async def test_letters_that_turn_into_two_or_into_ascii_find_nothing(world: World):
    project = ProjectFactory(workspace=world.here.workspace, key="SS")
    await world.store(project)
    query = "query ($slug: String!, $key: String!) { workspace(slug: $slug) { project(key: $key) { key } } }"
    slug = world.here.workspace.slug
    assert await world.member.run(query, slug=slug, key="\u00df") == {"workspace": {"project": None}}
    assert await world.member.run(query, slug=slug, key="ss") == {"workspace": {"project": {"key": "SS"}}}


async def test_filters_by_human_keys_ignore_letter_case(world: World):
    query = """query ($id: ID!, $issues: IssueFilter, $projects: ProjectFilter) { node(id: $id) { ... on Workspace {
      issues(filter: $issues) { nodes { identifier } } projects(filter: $projects) { nodes { key } } } } }"""
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"eq": "eng-1"}, True),
        ({"in": ["eng-1", "x"]}, True),
        ({"startsWith": "eng"}, True),
        ({"neq": "eng-1"}, False),
        ({"notIn": ["Eng-1"]}, False),
        ({"eq": None}, False),
    ]
    for comparator, is_found in cases:
        filters = {"issues": {"identifier": comparator}, "projects": {"key": {"in": ["eng"]}}}
        node = (await world.member.run(query, id=world.here.workspace.id, **filters))["node"]
        assert node["issues"]["nodes"] == ([{"identifier": "ENG-1"}] if is_found else []), comparator
        assert node["projects"]["nodes"] == [{"key": "ENG"}]


async def test_trashed_and_archived_ones_can_still_be_read_by_id(world: World):
    place = world.here
    issue = IssueFactory(
        project=place.project,
        state=place.todo,
        number=2,
        creator_id=place.issue.creator_id,
        trashed_at=MADE,
        archived_at=MADE,
    )
    await world.store(issue)
    assert await world.member.run(NODE, id=issue.id) == {"node": {"__typename": "Issue", "id": issue.id}}


async def test_people_see_themselves_and_those_whom_they_share_a_workspace_with(world: World):
    stranger = UserFactory()
    await world.store(stranger)
    alone = Client(world.app, Actor(user_id=stranger.id))
    assert await alone.run(NODE, id=stranger.id) == {"node": {"__typename": "User", "id": stranger.id}}
    assert await alone.run(NODE, id=world.here.people[Role.OWNER].id) == {"node": None}
    assert await world.owner.run(NODE, id=stranger.id) == {"node": None}


async def test_fields_of_every_kind(world: World):
    place = world.here
    data = await world.member.run(
        """query ($issue: ID!, $member: ID!, $state: ID!) {
          issue: node(id: $issue) { ... on Issue {
            number identifier title description priority createdAt updatedAt dueDate estimate
            externalSource externalKey
            project { key workspace { slug name createdAt updatedAt } } state { name category color position }
            creator { name isPlaceholder createdAt }
            comments { nodes { body author { name } issue { identifier } } } } }
          member: node(id: $member) { ... on Member { role createdAt updatedAt user { name } } }
          state: node(id: $state) { ... on State { project { key states { name position } } } }
        }""",
        issue=place.issue.id,
        member=place.members[Role.ADMIN].id,
        state=place.done.id,
    )
    made = "2026-01-01T00:00:00Z"
    assert data == {
        "issue": {
            "number": 1,
            "identifier": "ENG-1",
            "title": place.issue.title,
            "description": "",
            "priority": "NONE",
            "createdAt": "2026-01-01T00:01:00Z",
            "updatedAt": "2026-01-01T00:01:00Z",
            "dueDate": None,
            "estimate": None,
            "externalSource": None,
            "externalKey": None,
            "project": {
                "key": "ENG",
                "workspace": {
                    "slug": place.workspace.slug,
                    "name": place.workspace.name,
                    "createdAt": made,
                    "updatedAt": made,
                },
            },
            "state": {"name": "Todo", "category": "UNSTARTED", "color": place.todo.color, "position": 0},
            "creator": {"name": "Member", "isPlaceholder": False, "createdAt": made},
            "comments": {
                "nodes": [{"body": place.comment.body, "author": {"name": "Member"}, "issue": {"identifier": "ENG-1"}}]
            },
        },
        "member": {"role": "ADMIN", "createdAt": made, "updatedAt": made, "user": {"name": "Admin"}},
        "state": {
            "project": {"key": "ENG", "states": [{"name": "Todo", "position": 0}, {"name": "Done", "position": 1}]}
        },
    }
