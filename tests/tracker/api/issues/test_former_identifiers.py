"""Issues keep the identifiers that they had in other projects, and before the key of their project changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.issues.model import Issue
from domain.projects.model import Project, State
from domain.shared.actor import Actor, Role
from domain.workspaces.model import Workspace
from infra.db.list_sizes import ListSizes
from infra.issues.repository import SqlIssueRepository
from tests.client import Client
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

FIELDS = "{ identifier previousIdentifiers }"
BY_IDENTIFIER = (
    "query ($slug: String!, $identifier: String!) "
    f"{{ workspace(slug: $slug) {{ issue(identifier: $identifier) {FIELDS} }} }}"
)
FILTERED = (
    "query ($slug: String!, $filter: IssueFilter) "
    "{ workspace(slug: $slug) { issues(filter: $filter) { totalCount nodes { identifier } } } }"
)


class Tracker:
    """Projects between which the test moves issues, without the rules of `issueUpdate`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = {world.here.project.key: (world.here.project, world.here.todo)}

    async def add(self, key: str) -> Project:
        project = ProjectFactory(workspace=self.world.here.workspace, key=key)
        state = StateFactory(project=project)
        await self.world.store(project, state)
        self.keys[key] = (project, state)
        return project

    async def rename(self, key: str, new: str) -> None:
        payload = await self.world.owner.mutate("projectUpdate", {"id": self.keys[key][0].id, "key": new})
        assert payload["errors"] == []

    async def move(self, *issues: Issue, to: str, number: int) -> list[Issue]:
        project, state = self.keys[to]
        changes = [(issue, self._moved(issue, project, state, number + index)) for index, issue in enumerate(issues)]
        async with self.world.engine.begin() as connection:
            await SqlIssueRepository(connection, ListSizes()).save_all(changes)
        return [after for _, after in changes]

    @staticmethod
    def _moved(issue: Issue, project: Project, state: State, number: int) -> Issue:
        return replace(
            issue,
            project_id=project.id,
            state_id=state.id,
            number=number,
            milestone_id=None,
            updated_at=datetime.now(UTC),
        )


@pytest.fixture
def tracker(world: World) -> Tracker:
    return Tracker(world)


async def by_identifier(client: Client, workspace: Workspace, identifier: str) -> tuple[str, list[str]] | None:
    """Identifier and former identifiers of the issue that is found."""
    data = await client.run(BY_IDENTIFIER, slug=workspace.slug, identifier=identifier)
    issue = data["workspace"]["issue"]
    return None if issue is None else (issue["identifier"], issue["previousIdentifiers"])


async def filtered(client: Client, workspace: Workspace, **comparator: object) -> list[str]:
    data = await client.run(FILTERED, slug=workspace.slug, filter={"identifier": comparator})
    listed = data["workspace"]["issues"]
    assert listed["totalCount"] == len(listed["nodes"])
    return [node["identifier"] for node in listed["nodes"]]


def seeing(world: World, *projects: Project) -> Client:
    """The guest, as a member of these projects."""
    guest = world.client(Role.GUEST)
    areas = {world.here.workspace.id: frozenset(project.id for project in projects)}
    return replace(guest, actor=replace(guest.actor, areas=areas))


async def test_a_moved_issue_is_found_by_its_former_identifiers(world: World, tracker: Tracker):
    here = world.here.workspace
    await tracker.add("APP")
    await tracker.add("WEB")
    [issue] = await tracker.move(world.here.issue, to="APP", number=7)
    assert await by_identifier(world.member, here, "APP-7") == ("APP-7", ["ENG-1"])
    await tracker.move(issue, to="WEB", number=3)
    for identifier in ("ENG-1", "eng-1", "APP-7", "WEB-3"):
        assert await by_identifier(world.member, here, identifier) == ("WEB-3", ["APP-7", "ENG-1"])
    for identifier in ("ENG-7", "APP-1", "WEB-1", "WEB-7"):
        assert await by_identifier(world.member, here, identifier) is None
    assert await by_identifier(world.client(None), world.elsewhere.workspace, "ENG-1") is None


async def test_a_filter_finds_former_identifiers(world: World, tracker: Tracker):
    here = world.here.workspace
    await tracker.add("APP")
    other = IssueFactory(
        project=world.here.project, state=world.here.todo, number=2, creator_id=world.here.issue.creator_id
    )
    await world.store(other)
    await tracker.move(world.here.issue, to="APP", number=7)
    guest = seeing(world, *(project for project, _ in tracker.keys.values()))
    for client in (world.member, guest):
        assert await filtered(client, here, eq="eng-1") == ["APP-7"]
        assert await filtered(client, here, eq="APP-7") == ["APP-7"]
        assert await filtered(client, here, neq="ENG-1") == ["ENG-2"]
        assert await filtered(client, here, **{"in": ["ENG-1", "ENG-2", "ENG-3", "APP-1"]}) == ["ENG-2", "APP-7"]
        assert await filtered(client, here, notIn=["ENG-1", "ENG-9"]) == ["ENG-2"]
        assert await filtered(client, here, startsWith="ENG-") == ["ENG-2"]
    await tracker.rename("ENG", "NEW")
    assert await filtered(world.member, here, eq="ENG-2") == ["NEW-2"]
    assert await filtered(world.member, here, **{"in": ["ENG-1", "NEW-2"]}) == ["NEW-2", "APP-7"]
    assert await filtered(world.member, here, startsWith="ENG-") == []


async def test_the_issue_that_has_an_identifier_wins_over_one_that_had_it(world: World, tracker: Tracker):
    here = world.here
    await tracker.add("APP")
    await tracker.move(here.issue, to="APP", number=7)
    successor = IssueFactory(project=here.project, state=here.todo, number=1, creator_id=here.issue.creator_id)
    await world.store(successor)
    assert await by_identifier(world.member, here.workspace, "ENG-1") == ("ENG-1", [])
    assert await filtered(world.member, here.workspace, eq="ENG-1") == ["ENG-1"]
    assert await filtered(world.member, here.workspace, **{"in": ["ENG-1"]}) == ["ENG-1"]
    assert await by_identifier(world.member, here.workspace, "APP-7") == ("APP-7", ["ENG-1"])
    await tracker.move(successor, to="APP", number=8)
    assert await by_identifier(world.member, here.workspace, "ENG-1") == ("APP-8", ["ENG-1"])


async def test_identifiers_are_listed_as_they_were(world: World, tracker: Tracker):
    """ENG becomes BETA and then ENG again before the issue leaves, and LATER afterwards."""
    here = world.here
    await tracker.add("APP")
    await tracker.rename("ENG", "BETA")
    assert await by_identifier(world.member, here.workspace, "ENG-1") == ("BETA-1", ["ENG-1"])
    created = await world.member.mutate("issueCreate", {"projectId": here.project.id, "title": "x"}, f"issue {FIELDS}")
    assert created["issue"] == {"identifier": "BETA-2", "previousIdentifiers": []}
    await tracker.rename("ENG", "ENG")
    assert await by_identifier(world.member, here.workspace, "ENG-2") == ("ENG-2", ["BETA-2"])
    [issue] = await tracker.move(here.issue, to="APP", number=7)
    await tracker.rename("ENG", "LATER")
    for identifier in ("ENG-1", "BETA-1", "LATER-1"):
        assert await by_identifier(world.member, here.workspace, identifier) == ("APP-7", ["ENG-1", "BETA-1"])
    await tracker.rename("APP", "MOBILE")
    former = ["APP-7", "ENG-1", "BETA-1"]
    assert await by_identifier(world.member, here.workspace, "APP-7") == ("MOBILE-7", former)
    await tracker.move(issue, to="ENG", number=3)
    former = ["MOBILE-7", *former]
    assert await by_identifier(world.member, here.workspace, "MOBILE-7") == ("LATER-3", former)


async def test_at_most_20_former_identifiers_are_listed_the_newest_first(world: World, tracker: Tracker):
    await tracker.add("APP")
    issue = world.here.issue
    for number in range(2, 26):
        [issue] = await tracker.move(issue, to=("ENG", "APP")[number % 2 == 0], number=number)
    former = [f"{'APP' if number % 2 == 0 else 'ENG'}-{number}" for number in range(24, 4, -1)]
    assert await by_identifier(world.member, world.here.workspace, "ENG-1") == ("ENG-25", former)
    for index in range(22):
        await tracker.rename("ENG", f"K{index}")
    former = [f"K{index}-25" for index in range(20, 0, -1)]
    assert await by_identifier(world.member, world.here.workspace, "ENG-1") == ("K21-25", former)


async def test_guests_see_no_identifiers_of_projects_that_they_do_not_see(world: World, tracker: Tracker):
    here = world.here
    app, eng = await tracker.add("APP"), here.project
    await tracker.move(here.issue, to="APP", number=7)
    workspace = here.workspace
    for former in ("ENG-1", "APP-7"):
        assert await by_identifier(seeing(world, eng), workspace, former) is None
        assert await filtered(seeing(world, eng), workspace, eq=former) == []
    assert await by_identifier(seeing(world, app), workspace, "APP-7") == ("APP-7", [])
    assert await by_identifier(seeing(world, app), workspace, "ENG-1") is None
    for comparator in ({"eq": "ENG-1"}, {"in": ["ENG-1"]}):
        assert await filtered(seeing(world, app), workspace, **comparator) == []
    assert await filtered(seeing(world, app), workspace, neq="ENG-1") == ["APP-7"]
    assert await by_identifier(seeing(world, app, eng), workspace, "ENG-1") == ("APP-7", ["ENG-1"])
    await tracker.rename("APP", "MOBILE")
    assert await by_identifier(seeing(world, app), workspace, "APP-7") == ("MOBILE-7", ["APP-7"])


async def test_a_key_that_ended_before_the_issue_came_is_none_of_its_identifiers(world: World, tracker: Tracker):
    app = await tracker.add("APP")
    await tracker.rename("APP", "MOBILE")
    await tracker.move(world.here.issue, to="APP", number=7)
    for client, former in ((world.member, ["ENG-1"]), (seeing(world, app), [])):
        assert await by_identifier(client, world.here.workspace, "APP-7") == ("MOBILE-7", former)


async def test_former_identifiers_take_one_statement_for_a_page(world: World, tracker: Tracker):
    here = world.here
    await tracker.add("APP")
    others = [
        IssueFactory(project=here.project, state=here.todo, number=number, creator_id=here.issue.creator_id)
        for number in range(2, 40)
    ]
    await world.store(*others)
    await tracker.move(*others[:20], to="APP", number=1)
    query = "query ($slug: String!, $first: Int!) { workspace(slug: $slug) { issues(first: $first) { nodes { %s } } } }"
    taken = set()
    for actor in (world.member, world.client(Role.GUEST)):
        for first in (1, 39):
            lengths = []
            for fields in ("id", "id previousIdentifiers"):
                with counted() as statements:
                    await actor.run(query % fields, slug=here.workspace.slug, first=first)
                lengths.append(len(statements))
            taken.add(lengths[1] - lengths[0])
    assert taken == {1}


async def test_former_identifiers_are_deleted_with_the_issue_and_with_their_project(world: World, tracker: Tracker):
    here = world.here
    await tracker.add("APP")
    web = await tracker.add("WEB")
    [issue] = await tracker.move(here.issue, to="WEB", number=1)
    [issue] = await tracker.move(issue, to="APP", number=7)
    payload = await world.owner.mutate("projectDelete", {"id": web.id})
    assert payload["errors"] == []
    assert await by_identifier(world.member, here.workspace, "ENG-1") == ("APP-7", ["ENG-1"])
    payload = await world.owner.mutate("projectDelete", {"id": here.project.id, "cascade": True})
    assert payload["errors"] == []
    assert (await world.rows())["issue_alias"] == []
    assert await by_identifier(world.member, here.workspace, "APP-7") == ("APP-7", [])
    await tracker.add("WEB")
    [issue] = await tracker.move(issue, to="WEB", number=1)
    for name in ("issueDelete", "issuePurge"):
        assert (await world.owner.mutate(name, {"id": issue.id}))["errors"] == []
    assert (await world.rows())["issue_alias"] == []


async def test_another_workspace_with_equal_keys_has_its_own_former_identifiers(world: World, tracker: Tracker):
    await tracker.add("OPS")
    await tracker.move(world.here.issue, to="OPS", number=7)
    both = Client(world.app, Actor(roles={place.workspace.id: Role.MEMBER for place in (world.here, world.elsewhere)}))
    assert await by_identifier(both, world.elsewhere.workspace, "OPS-7") is None
    assert await by_identifier(both, world.elsewhere.workspace, "OPS-1") == ("OPS-1", [])
    assert await by_identifier(both, world.here.workspace, "ENG-1") == ("OPS-7", ["ENG-1"])
