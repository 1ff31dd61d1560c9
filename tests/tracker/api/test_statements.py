"""The number of SQL statements of an operation does not depend on the number of objects."""

from typing import Any

import pytest

from domain.accounts.commands import Registration
from domain.issues.priorities import Priority
from domain.shared.actor import Actor, Role
from tests import execution_modes
from tests.client import Client
from tests.factories.accounts import PASSWORD, RegistrationFactory, UserFactory
from tests.factories.workspaces import MemberFactory
from tests.statements import counted, watched
from tests.tracker.api.lists import LISTS, Listed
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.events import log_events
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

REFERENCE_LIST = """query ($slug: String!, $first: Int!) { workspace(slug: $slug) {
  issues(first: $first, sort: [{createdAt: {direction: DESC}}]) { nodes {
    id identifier title priority createdAt dueDate state { id name category } project { id key name }
    creator { id name } assignees { id name } labels { id name color }
    comments(first: 3) { totalCount nodes { id body createdAt author { id name } } } }
    pageInfo { hasNextPage endCursor } } } }"""

HISTORIES = """query ($slug: String!, $first: Int!, $entries: Int!) {
  workspace(slug: $slug) { issues(first: $first, sort: [{number: {direction: DESC}}]) { nodes {
    title history(last: $entries) { nodes { revision changeSet actor { name } cause changes {
      __typename
      ... on IssueCreation { state { id name } assignees { name } labels { name } project { name } }
      ... on TitleChange { from to } ... on DescriptionChange { from to }
      ... on StateChange { stateBefore: from { id name } stateAfter: to { id name } }
      ... on AssigneesChange { added { id email: name } removed { id email: name } }
      ... on LabelsChange { added { id name } removed { id name } }
      ... on MilestoneChange { milestoneBefore: from { id name } milestoneAfter: to { id name } }
      ... on ParentChange { parentBefore: from { id name } parentAfter: to { id name } }
      ... on ProjectChange { projectBefore: from { id name } projectAfter: to { id name } }
      ... on CommentChange { action comment { body } from to } } } } } } } }"""

CONTENT = {
    "Query.workspaces": "name members(first: 2) { totalCount nodes { role user { name } } } projects { nodes { key } }",
    "Workspace.members": "role user { name }",
    "Workspace.projects": "key workspace { slug } states { name } issues(first: 2) { totalCount nodes { title } }",
    "Workspace.labels": "name",
    "Workspace.issues": "title state { name } project { key } creator { name } assignees { name } labels { name }",
    "Workspace.trash": "title parent { title } children { totalCount } comments { totalCount nodes { body } }",
    "Project.issues": "title state { name project { key } } comments(first: 1) { nodes { author { name } } }",
    "Project.members": "createdAt member { role user { name } } project { key }",
    "Project.milestones": "name project { key } issues(first: 2) { totalCount nodes { title } }",
    "Milestone.issues": "title milestone { name project { key } }",
    "Issue.children": "title parent { title creator { name } } assignees { name }",
    "Workspace.invitations": "createdBy { name } acceptedBy { name } workspace { slug } projects { key }",
    "User.securityEvents": "kind address device",
    "User.sessions": "device isCurrent",
    "Workspace.imports": "startedBy { name } lossKinds { field } losses { totalCount nodes { line } }",
    "Workspace.batchRuns": "kind state startedBy { name } skipped { totalCount nodes { errors { code } } }",
    "BatchRun.skipped": "subjectId errors { code path message }",
    "ChangeSet.events": "kind actor { name } changes { field before after }",
    "ImportRun.losses": "reason",
    "ImportRun.mappings": "target",
    "Issue.history": "actor { name } changes { ... on CommentChange { from comment { body } } }",
    "Comment.history": "actor { name } changes { from to comment { body } }",
    "Issue.comments": "body author { name } issue { title project { key } }",
}


async def fill(world: World, count: int) -> None:
    """Issues that share no creator, assignee, label, state, project or commenter."""
    place = world.here
    everything: list[Any] = []
    links = []
    for number in range(1, count + 1):
        creator, assignee, *commenters = people = UserFactory.build_batch(5)
        project = ProjectFactory(workspace=place.workspace, key=f"X{number}")
        state = StateFactory(project=project)
        issue = IssueFactory(
            project=project, state=state, number=1, creator_id=creator.id, priority=Priority(number % 5)
        )
        label = LabelFactory(workspace=place.workspace)
        comments = [CommentFactory(issue=issue, author_id=author.id) for author in commenters]
        members = [MemberFactory(workspace=place.workspace, user_id=person.id) for person in people]
        everything += [*people, *members, project, state, issue, label, *comments]
        links.append((issue, assignee, label))
    await world.store(*everything)
    for issue, assignee, label in links:
        await link(world.engine, issue, assignees=[assignee, place.people[Role.GUEST]], labels=[label, place.label])


async def test_the_reference_list_takes_few_statements_whatever_its_size(world: World):
    await fill(world, 60)
    sizes = {}
    for first in (5, 50):
        with counted() as taken:
            data = await world.member.run(REFERENCE_LIST, slug=world.here.workspace.slug, first=first)
        sizes[first] = len(taken)
        nodes = data["workspace"]["issues"]["nodes"]
        assert len(nodes) == first
        assert all(len(node["comments"]["nodes"]) == 3 and len(node["assignees"]) == 2 for node in nodes)
        assert all(node["comments"]["totalCount"] == 3 for node in nodes)
        assert not any("count(" in statement or "list_size" in statement for statement in taken)
        authors = {comment["author"]["id"] for node in nodes for comment in node["comments"]["nodes"]}
        assert (len(authors), len({node["creator"]["id"] for node in nodes})) == (3 * first, first)
    # Creators and comment authors are read together, but by graphql-core, which knows of no waves.
    statements = 7 if execution_modes.mode is execution_modes.Mode.COMPILED else 8
    assert sizes == {5: statements, 50: statements}


async def test_histories_take_few_statements_whatever_the_number_of_issues_and_entries(world: World):
    place = world.here
    others = [
        IssueFactory(project=place.project, state=place.todo, number=number, creator_id=place.issue.creator_id)
        for number in range(2, 22)
    ]
    comments = [CommentFactory(issue=issue, author_id=place.people[Role.OWNER].id) for issue in others]
    await world.store(*others, *comments)
    people, todo, done = [user.id for user in place.people.values()], place.todo.id, place.done.id
    entries: list[dict[str, Any]] = [
        {"state_id": [todo, done], "title": ["a", "b"]},
        {"assignees": [people[:1], people[1:]], "labels": [[], [place.label.id]]},
        {"milestone_id": [None, place.milestone.id], "parent_id": [place.issue.id, None]},
        {"description": ["a", "b"], "due_date": [None, "2026-01-01"], "priority": ["NONE", "HIGH"]},
    ]
    for issue, comment in zip(others, comments, strict=True):
        await log_events(world.engine, issue, entries * 4)
        await log_events(world.engine, comment, [{"body": ["a", "b"]}] * 4)
    taken = {}
    # The first time, the database is asked what the list's filter costs.
    await world.member.run(HISTORIES, slug=place.workspace.slug, first=1, entries=20)
    for issues, size in ((1, 20), (20, 20)):
        with counted() as statements:
            data = await world.member.run(HISTORIES, slug=place.workspace.slug, first=issues, entries=size)
        nodes = data["workspace"]["issues"]["nodes"]
        assert [len(node["history"]["nodes"]) for node in nodes] == [size] * issues
        taken[issues, size] = len(statements)
    assert taken[20, 20] == taken[1, 20] <= 8, taken


async def test_identifiers_share_the_statement_of_projects_and_states(world: World):
    query = "query ($slug: String!) { workspace(slug: $slug) { issues { nodes { %s } } } }"
    taken = []
    for fields in ("title", "identifier", "identifier project { key } state { name }"):
        with counted() as statements:
            await world.member.run(query % fields, slug=world.here.workspace.slug)
        taken.append(len(statements))
    assert taken == [2, 3, 3]


@pytest.mark.parametrize("name", [name for name in LISTS if name != "Query.workspaces"])
async def test_a_list_takes_as_many_statements_for_3_items_as_for_30(world: World, name: str):
    listed: Listed = await LISTS[name](world, 40)
    taken = {}
    for first in (3, 30):
        with counted() as statements:
            page = await listed.page(f"first: {first}", f"totalCount nodes {{ id {CONTENT[name]} }}")
        taken[first] = len(statements)
        assert len(page["nodes"]) == first
    assert taken[3] == taken[30] > 0


async def test_lists_under_workspaces_take_their_statements_for_each_workspace(world: World):
    listed = await LISTS["Query.workspaces"](world, 8)
    taken = {}
    for first in (1, 3, 6):
        with counted() as statements:
            page = await listed.page(f"first: {first}", f"totalCount nodes {{ id {CONTENT['Query.workspaces']} }}")
        taken[first] = len(statements)
        assert len(page["nodes"]) == first
    # Members and projects: a workspace each, because none may be looked for on more than one shard.
    assert (taken[3] - taken[1], taken[6] - taken[3]) == (2 * 2, 3 * 2)


@pytest.mark.parametrize(("name", "counter"), [("Workspace.issues", "list_size"), ("Workspace.labels", "count(")])
async def test_a_count_is_paid_for_only_when_asked_and_needed(world: World, name: str, counter: str):
    listed = await LISTS[name](world, 5)
    taken = {}
    for request, selection in (("first: 2", ""), ("first: 2", "totalCount"), ("first: 5", "totalCount")):
        with counted() as statements:
            await listed.page(request, f"{selection} nodes {{ id }}")
        taken[request, selection] = [counter in statement for statement in statements]
    plain = taken["first: 2", ""]
    assert not any(plain)
    assert taken["first: 2", "totalCount"] == [*plain, True]
    # A page that is the whole list shows its size.
    assert taken["first: 5", "totalCount"] == plain


async def test_the_counts_of_many_projects_take_one_statement_that_counts_nothing(world: World):
    place = world.here
    projects = ProjectFactory.build_batch(4, workspace=place.workspace)
    states = [StateFactory(project=project) for project in projects]
    issues = [
        IssueFactory(project=project, state=state, number=number, creator_id=place.issue.creator_id)
        for size, (project, state) in enumerate(zip(projects, states, strict=True), 2)
        for number in range(1, size + 1)
    ]
    await world.store(*projects, *states, *issues)
    query = """query ($slug: String!) { workspace(slug: $slug) { projects {
      nodes { key issues(first: 1) { totalCount nodes { title } } } } } }"""
    with counted() as statements:
        data = await world.member.run(query, slug=place.workspace.slug)
    totals = {node["key"]: node["issues"]["totalCount"] for node in data["workspace"]["projects"]["nodes"]}
    assert totals == {project.key: size for size, project in enumerate(projects, 2)} | {"ENG": 1}
    assert ["list_size" in statement for statement in statements].count(True) == 1
    assert not any("count(" in statement for statement in statements)


async def test_a_user_read_at_one_level_is_not_read_again_at_the_next(world: World):
    query = """query ($id: ID!) { node(id: $id) { ... on Issue {
      creator { id } comments { nodes { author { id } issue { id creator { id } } } } } } }"""
    with counted() as statements:
        data = await world.member.run(query, id=world.here.issue.id)
    [comment] = data["node"]["comments"]["nodes"]
    assert comment["author"] == data["node"]["creator"] == comment["issue"]["creator"]
    # The node, its creator, its comments, and the issue that they are on; no person a second time.
    assert len(statements) == 4


async def test_the_authenticated_user_is_not_read_again(world: World):
    registration: Registration = RegistrationFactory()
    await world.app.accounts.create(Actor(), registration)
    tokens = await world.app.auth.sign_in(Actor(), registration.email, PASSWORD, client_id="workgraph")
    await world.app.auth.authenticate(tokens.access_token)
    with counted() as statements:
        viewer = Client(world.app, await world.app.auth.authenticate(tokens.access_token))
        assert await viewer.run("{ viewer { id name } }") == {
            "viewer": {"id": viewer.actor.user_id, "name": registration.name}
        }
    assert len(statements) == 1


async def test_an_operation_reads_on_one_connection(world: World):
    with watched() as kept:
        await world.member.run(REFERENCE_LIST, slug=world.here.workspace.slug, first=5)
    assert len(kept.statements) > 1
    assert len(kept.connections) == 1
