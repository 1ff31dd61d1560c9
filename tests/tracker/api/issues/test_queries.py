from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from api.issues.inputs import IssueFilter
from api.shared.errors import camel_case
from domain.issues.lifecycles import Lifecycle
from domain.issues.priorities import Priority
from domain.issues.queries import INDEXED_ORDERS
from domain.shared.actor import Role
from domain.shared.pages import Direction
from infra.issues.tables import IssueRow
from tests.factories.moments import MADE
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

BY_IDENTIFIER = """query ($slug: String!, $identifier: String!) {
  workspace(slug: $slug) { issue(identifier: $identifier) { title trashedAt } } }"""
LIST = """query ($slug: String!, $filter: IssueFilter, $all: Boolean = false) { workspace(slug: $slug) {
  issues(filter: $filter, includeArchived: $all, sort: [{createdAt: {}}]) { totalCount nodes { identifier } } } }"""


@pytest.fixture
async def issues(world: World) -> World:
    """ENG-1 to ENG-6, of which 5 is archived and 6 trashed, and APP-1."""
    place = world.here
    member, guest, owner = (place.people[role] for role in (Role.MEMBER, Role.GUEST, Role.OWNER))
    here: dict[str, Any] = {"project": place.project, "state": place.todo, "creator_id": member.id}
    app = ProjectFactory(workspace=place.workspace, key="APP", name="App")
    backlog = StateFactory(project=app, name="Ideas")
    docs = LabelFactory(workspace=place.workspace, name="docs")
    two = IssueFactory(
        **here | {"state": place.done, "creator_id": owner.id},
        number=2,
        title="Crash on start",
        description="The login page crashes at 100%",
        priority=Priority.URGENT,
        start_date=date(2026, 1, 20),
        due_date=date(2026, 2, 1),
        estimate=3,
        completed_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    three = IssueFactory(
        **here,
        number=3,
        title="Write docs",
        priority=Priority.LOW,
        due_date=date(2026, 3, 1),
        estimate=0,
        parent_id=two.id,
        updated_at=MADE + timedelta(days=30),
    )
    four = IssueFactory(**here, number=4, title="Über-snake_case", description="login, start", priority=Priority.HIGH)
    five = IssueFactory(**here, number=5, title="Old crash", archived_at=datetime(2026, 1, 9, tzinfo=UTC))
    six = IssueFactory(**here, number=6, title="Crash in the trash", trashed_at=MADE)
    apart = IssueFactory(project=app, state=backlog, creator_id=owner.id, number=1, title="Elsewhere")
    apart = replace(apart, created_at=MADE + timedelta(hours=9))
    await world.store(app, backlog, docs, two)
    await world.store(three, four, five, six, apart)
    await link(world.engine, two, assignees=[guest, owner], labels=[place.label])
    await link(world.engine, three, assignees=[guest], labels=[docs, place.label])
    return world


async def found(world: World, filter: Any, **variables: Any) -> list[str]:
    data = await world.member.run(LIST, slug=world.here.workspace.slug, filter=filter, **variables)
    listed = data["workspace"]["issues"]
    assert listed["totalCount"] == len(listed["nodes"])
    return [node["identifier"].removeprefix("ENG-") for node in listed["nodes"]]


async def test_the_issue_of_an_identifier(issues: World):
    slug = issues.here.workspace.slug
    data = await issues.member.run(BY_IDENTIFIER, slug=slug, identifier="ENG-2")
    assert data == {"workspace": {"issue": {"title": "Crash on start", "trashedAt": None}}}
    data = await issues.member.run(BY_IDENTIFIER, slug=slug, identifier="ENG-6")
    assert data == {"workspace": {"issue": {"title": "Crash in the trash", "trashedAt": "2026-01-01T00:00:00Z"}}}
    data = await issues.member.run(BY_IDENTIFIER, slug=slug, identifier="eng-2")
    assert data["workspace"]["issue"]["title"] == "Crash on start"
    for identifier in ("OPS-1", "ENG-7", "ENG-02", "ENG", "", "ENG-99999999999999999999"):
        data = await issues.member.run(BY_IDENTIFIER, slug=slug, identifier=identifier)
        assert data == {"workspace": {"issue": None}}, identifier


async def test_lists_leave_out_what_is_archived_and_trashed(issues: World):
    assert await found(issues, None) == ["1", "2", "3", "4", "APP-1"]
    assert await found(issues, None, all=True) == ["1", "2", "3", "4", "5", "APP-1"]
    query = """query ($slug: String!) { workspace(slug: $slug) { trash { totalCount nodes { identifier } }
      project(key: "ENG") { issues { totalCount } all: issues(includeArchived: true) { totalCount } } } }"""
    data = await issues.member.run(query, slug=issues.here.workspace.slug)
    assert data["workspace"] == {
        "trash": {"totalCount": 1, "nodes": [{"identifier": "ENG-6"}]},
        "project": {"issues": {"totalCount": 4}, "all": {"totalCount": 5}},
    }


@pytest.mark.parametrize("archived_at", [None, MADE])
@pytest.mark.parametrize("trashed_at", [None, MADE + timedelta(days=1)])
async def test_the_database_derives_the_lifecycle_as_the_entity_does(
    world: World, archived_at: datetime | None, trashed_at: datetime | None
):
    place = world.here
    issue = IssueFactory(
        project=place.project,
        state=place.todo,
        creator_id=place.issue.creator_id,
        number=2,
        archived_at=archived_at,
        trashed_at=trashed_at,
    )
    await world.store(issue)
    async with world.engine.connect() as connection:
        lifecycle = await connection.scalar(select(IssueRow.lifecycle).where(IssueRow.id == issue.id))
    assert lifecycle is issue.lifecycle
    query = """query ($slug: String!) { workspace(slug: $slug) { trash { nodes { id } }
      issues { nodes { id } } all: issues(includeArchived: true) { nodes { id } } } }"""
    lists = (await world.member.run(query, slug=place.workspace.slug))["workspace"]
    assert {name for name, page in lists.items() if {"id": issue.id} in page["nodes"]} == {
        Lifecycle.ACTIVE: {"issues", "all"},
        Lifecycle.ARCHIVED: {"all"},
        Lifecycle.TRASHED: {"trash"},
    }[issue.lifecycle]


NOT_INDEXED = "sort: [{dueDate: {}}, {priority: {}}]"
NOT_INDEXED_LISTS = {
    "issues": f"issues({NOT_INDEXED}) {{ nodes {{ id }} }}",
    "archived too": f"issues({NOT_INDEXED}, includeArchived: true) {{ nodes {{ id }} }}",
    "filtered": f"issues({NOT_INDEXED}, filter: {{number: {{gt: 0}}}}) {{ nodes {{ id }} }}",
    "two directions": "issues(sort: [{priority: {direction: DESC}}, {createdAt: {}}]) { nodes { id } }",
    "number": "issues(sort: [{number: {}}]) { nodes { id } }",
    "of projects": f"projects {{ nodes {{ issues({NOT_INDEXED}) {{ nodes {{ id }} }} }} }}",
    "children": 'issue(identifier: "ENG-2") { children(sort: [{priority: {}}]) { nodes { id } } }',
}


def limit_sorted(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for name in ("MOST_SORTED", "MOST_SORTED_IN_INDEX"):
        monkeypatch.setattr(f"infra.db.reader.{name}", most)


@pytest.mark.parametrize("name", NOT_INDEXED_LISTS)
async def test_a_long_list_cannot_be_sorted_without_an_index(issues: World, name: str, monkeypatch: pytest.MonkeyPatch):
    """Replaces the limit of 50,000 issues by the size of the list, and then by one less."""
    query = f'{{ workspace(slug: "{issues.here.workspace.slug}") {{ {NOT_INDEXED_LISTS[name]} }} }}'
    sizes = {"children": (1, 1), "archived too": (6, 5), "of projects": (4, 4)}.get(name, (5, 4))
    for role, size in zip((Role.MEMBER, Role.GUEST), sizes, strict=True):
        client = issues.client(role)
        limit_sorted(monkeypatch, size)
        await client.run(query)
        limit_sorted(monkeypatch, size - 1)
        assert set(await client.failed(query)) == {("SORT_NOT_INDEXED", "sort")}


@pytest.mark.parametrize("filter", ["", ", filter: {number: {gt: 0}}"])
async def test_lists_that_are_too_long_only_together_are_sorted_in_parts(
    issues: World, filter: str, monkeypatch: pytest.MonkeyPatch
):
    of_issues = f"issues(first: 2, {NOT_INDEXED}{filter}) {{ totalCount nodes {{ id }} }}"
    query = f'{{ workspace(slug: "{issues.here.workspace.slug}") {{ projects {{ nodes {{ key {of_issues} }} }} }} }}'
    together = await issues.member.run(query)
    assert [each["issues"]["totalCount"] for each in together["workspace"]["projects"]["nodes"]] == [1, 4]
    limit_sorted(monkeypatch, 4)
    assert await issues.member.run(query) == together
    monkeypatch.setattr("infra.db.reader.SECONDS", -1)
    assert set(await issues.member.failed(query)) == {("SORT_NOT_INDEXED", "sort")}


FIELDS = {
    "workspace_id": "issues",
    "project_id": 'project(key: "ENG") { issues',
    "milestone_id": 'project(key: "ENG") { milestones { nodes { issues',
    "parent_id": 'issue(identifier: "ENG-2") { children',
}


async def test_an_indexed_order_sorts_lists_of_any_length(issues: World, monkeypatch: pytest.MonkeyPatch):
    limit_sorted(monkeypatch, 0)
    assert FIELDS.keys() == INDEXED_ORDERS.keys()
    orders = [(parent, order) for parent, orders in INDEXED_ORDERS.items() for order in orders]
    for (parent, order), direction in product(orders, Direction):
        keys = ", ".join(f"{{{camel_case(by)}: {{direction: {direction}}}}}" for by in order)
        query = (
            f'{{ workspace(slug: "{issues.here.workspace.slug}") {{ {FIELDS[parent]}(sort: [{keys}]) {{ nodes {{ id }}'
        )
        await issues.member.run(query + "}" * (query.count("{") - query.count("}")))


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["1", "2", "3", "4", "APP-1"]),
    ({"identifier": {"eq": "ENG-2"}}, ["2"]),
    ({"identifier": {"in": ["ENG-2", "APP-1", "ENG-6", "OPS-1"]}}, ["2", "APP-1"]),
    ({"identifier": {"in": []}}, []),
    ({"identifier": {"in": ["no identifier", "ENG-0", "NONE-1"]}}, []),
    ({"identifier": {"notIn": ["ENG-2", "NONE-1"]}}, ["1", "3", "4", "APP-1"]),
    ({"identifier": {"eq": "ENG"}}, []),
    ({"identifier": {"eq": "NONE-1"}}, []),
    ({"identifier": {"neq": "NONE-1"}}, ["1", "2", "3", "4", "APP-1"]),
    ({"identifier": {"neq": "ENG-2"}}, ["1", "3", "4", "APP-1"]),
    ({"identifier": {"neq": None}}, ["1", "2", "3", "4", "APP-1"]),
    ({"identifier": {"startsWith": ""}}, ["1", "2", "3", "4", "APP-1"]),
    ({"identifier": {"startsWith": "app"}}, ["APP-1"]),
    ({"identifier": {"startsWith": "a"}}, ["APP-1"]),
    ({"identifier": {"startsWith": "ENG-"}}, ["1", "2", "3", "4"]),
    ({"identifier": {"startsWith": "eng-3"}}, ["3"]),
    ({"identifier": {"startsWith": "ENG-0"}}, []),
    ({"identifier": {"startsWith": "EN-"}}, []),
    ({"identifier": {"startsWith": "%"}}, []),
    ({"not": {"identifier": {"startsWith": "NONE-"}}}, ["1", "2", "3", "4", "APP-1"]),
    ({"number": {"eq": 1}}, ["1", "APP-1"]),
    ({"number": {"gt": 1, "lte": 3}}, ["2", "3"]),
    ({"number": {"gte": 2147483647}}, []),
    ({"number": {"notIn": [1, 2]}}, ["3", "4"]),
    ({"title": {"contains": "CRASH"}}, ["2"]),
    ({"title": {"contains": "snake_c"}}, ["4"]),
    ({"title": {"contains": "e_s"}}, []),
    ({"title": {"startsWith": "ÜBER"}}, ["4"]),
    ({"title": {"neq": "Write docs"}}, ["1", "2", "4", "APP-1"]),
    ({"text": "crashes login"}, ["2"]),
    ({"text": "start"}, ["2", "4"]),
    ({"text": '"login page"'}, ["2"]),
    ({"text": "start -crash"}, ["4"]),
    ({"text": "docs or crash"}, ["2", "3"]),
    ({"text": "a:b & !('"}, []),
    ({"text": ""}, []),
    ({"priority": {"eq": "URGENT"}}, ["2"]),
    ({"priority": {"in": ["LOW", "HIGH"]}}, ["3", "4"]),
    ({"priority": {"neq": "NONE"}}, ["2", "3", "4"]),
    ({"state": {"category": {"eq": "COMPLETED"}}}, ["2"]),
    ({"state": {"name": {"eq": "Ideas"}}}, ["APP-1"]),
    ({"state": {"category": {"notIn": ["UNSTARTED", "COMPLETED"]}}}, ["APP-1"]),
    ({"project": {"key": {"eq": "APP"}}}, ["APP-1"]),
    ({"project": {"name": {"neq": "App"}}}, ["1", "2", "3", "4"]),
    ({"creator": {"name": {"eq": "Owner"}}}, ["2", "APP-1"]),
    ({"creator": {"not": {"name": {"eq": "Owner"}}}}, ["1", "3", "4"]),
    ({"assignees": {"some": {"name": {"eq": "Guest"}}}}, ["2", "3"]),
    ({"assignees": {"every": {"name": {"eq": "Guest"}}}}, ["1", "3", "4", "APP-1"]),
    ({"assignees": {"none": {"name": {"eq": "Guest"}}}}, ["1", "4", "APP-1"]),
    ({"assignees": {"some": {}}}, ["2", "3"]),
    ({"assignees": {"none": {}}}, ["1", "4", "APP-1"]),
    ({"labels": {"some": {"name": {"eq": "bug"}}}}, ["2", "3"]),
    ({"labels": {"some": {"name": {"eq": "bug"}}, "none": {"name": {"eq": "docs"}}}}, ["2"]),
    ({"labels": {"every": {"name": {"in": ["bug"]}}, "some": {}}}, ["2"]),
    ({"milestone": {"name": {"eq": "First"}}}, ["1"]),
    ({"milestoneId": {"isNull": True}}, ["2", "3", "4", "APP-1"]),
    ({"parentId": {"isNull": False}}, ["3"]),
    ({"parentId": {"isNull": True}}, ["1", "2", "4", "APP-1"]),
    ({"startDate": {"gte": "2026-01-20"}}, ["2"]),
    ({"dueDate": {"lt": "2026-03-01"}}, ["2"]),
    ({"dueDate": {"in": ["2026-03-01"]}}, ["3"]),
    ({"dueDate": {"isNull": True}}, ["1", "4", "APP-1"]),
    ({"dueDate": {"neq": "2026-03-01"}}, ["1", "2", "4", "APP-1"]),
    ({"estimate": {"eq": 0}}, ["3"]),
    ({"estimate": {"gte": 1}}, ["2"]),
    ({"estimate": {"isNull": False}}, ["2", "3"]),
    ({"estimate": {"lt": -2147483648}}, []),
    ({"completedAt": {"isNull": False}}, ["2"]),
    ({"completedAt": {"gte": "2026-01-05T01:00:00+01:00"}}, ["2"]),
    ({"archivedAt": {"isNull": True}}, ["1", "2", "3", "4", "APP-1"]),
    ({"createdAt": {"lt": "2026-01-01T00:03:00Z"}}, ["1", "2"]),
    ({"updatedAt": {"gt": "2026-01-20T00:00:00Z"}}, ["3"]),
    ({"not": {"dueDate": {"lt": "2026-03-01"}}}, ["1", "3", "4", "APP-1"]),
    ({"not": {"not": {"number": {"eq": 2}}}}, ["2"]),
    ({"or": [{"number": {"eq": 2}}, {"priority": {"eq": "HIGH"}}]}, ["2", "4"]),
    ({"and": [{"number": {"gt": 1}}, {"or": [{"estimate": {"eq": 0}}, {"estimate": {"eq": 3}}]}]}, ["2", "3"]),
    ({"number": {"gt": 1}, "priority": {"eq": "LOW"}}, ["3"]),
    ({"or": []}, []),
    ({"number": {"in": []}}, []),
    ({"title": {}}, ["1", "2", "3", "4", "APP-1"]),
    ({"title": None, "state": None}, ["1", "2", "3", "4", "APP-1"]),
]


@pytest.mark.parametrize("seconds", [60, 0], ids=["plain", "fenced"])
async def test_filters_find_exactly_what_they_say(issues: World, seconds: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("infra.db.filtered.FIRST_SECONDS", seconds)
    monkeypatch.setattr("infra.db.filtered.SECONDS", 60)
    answers = [(wanted, await found(issues, wanted)) for wanted, _ in FILTERS]
    assert answers == FILTERS


BROAD = 'filter: {title: {contains: "ra"}}'
BROAD_LISTS = {
    "issues": f"issues({BROAD}) {{ nodes {{ id }} }}",
    "trash": f"trash({BROAD}, sort: [{{priority: {{}}}}, {{dueDate: {{}}}}]) {{ nodes {{ id }} }}",
    "of projects": f"projects {{ nodes {{ issues({BROAD}) {{ nodes {{ id }} totalCount }} }} }}",
    "children": f'issue(identifier: "ENG-2") {{ children({BROAD}) {{ nodes {{ id }} }} }}',
}


@pytest.mark.parametrize("name", BROAD_LISTS)
async def test_a_filter_without_an_answer_in_time_is_refused(issues: World, name: str, monkeypatch: pytest.MonkeyPatch):
    query = f'{{ workspace(slug: "{issues.here.workspace.slug}") {{ {BROAD_LISTS[name]} }} }}'
    monkeypatch.setattr("infra.db.filtered.FIRST_SECONDS", 0)
    monkeypatch.setattr("infra.db.filtered.SECONDS", 0)
    for role in (Role.MEMBER, Role.GUEST):
        assert set(await issues.client(role).failed(query)) == {("FILTER_TOO_BROAD", "filter")}


async def test_every_field_of_the_filter_has_its_sample():
    tried = {name for wanted, _ in FILTERS for name in wanted}
    existing = {camel_case(name) for name in IssueFilter.__annotations__ if name not in ("describes", "id")}
    assert existing - tried == set(), "Add a filter by each of them to FILTERS, with the issues that it finds."


async def test_filters_by_id(issues: World):
    place = issues.here
    guest = place.people[Role.GUEST].id
    assert await found(issues, {"id": {"eq": place.issue.id}}) == ["1"]
    assert await found(issues, {"id": {"in": [place.issue.id, issues.elsewhere.issue.id]}}) == ["1"]
    assert await found(issues, {"id": {"neq": place.issue.id}}) == ["2", "3", "4", "APP-1"]
    assert await found(issues, {"state": {"id": {"eq": place.done.id}}}) == ["2"]
    assert await found(issues, {"project": {"id": {"notIn": [place.project.id]}}}) == ["APP-1"]
    assert await found(issues, {"creator": {"id": {"eq": place.issue.creator_id}}}) == ["1", "3", "4"]
    assert await found(issues, {"assignees": {"some": {"id": {"eq": guest}}}}) == ["2", "3"]
    assert await found(issues, {"labels": {"none": {"id": {"in": [place.label.id]}}}}) == ["1", "4", "APP-1"]
    assert await found(issues, {"archivedAt": {"isNull": False}}, all=True) == ["5"]
    assert await found(issues, {"archivedAt": {"lte": "2026-01-09T00:00:00Z"}}, all=True) == ["5"]


async def test_bad_filters_are_refused(issues: World):
    deep: dict[str, Any] = {"number": {"eq": 1}}
    for _ in range(6):
        deep = {"not": deep}
    wrong: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"title": {"contains": "a\0"}}, ("INVALID_INPUT", "filter.title.contains")),
        ({"title": {"in": ["\ud800"]}}, ("INVALID_INPUT", "filter.title.in.0")),
        ({"text": "\0"}, ("INVALID_INPUT", "filter.text")),
        ({"id": {"eq": "\0"}}, ("INVALID_ID", "filter.id.eq")),
        ({"state": {"name": {"eq": "\udfff"}}}, ("INVALID_INPUT", "filter.state.name.eq")),
        ({"labels": {"some": {"name": {"eq": "\0"}}}}, ("INVALID_INPUT", "filter.labels.some.name.eq")),
        (deep, ("LIMIT_EXCEEDED", "filter")),
        ({"or": [{"number": {"eq": number}} for number in range(65)]}, ("LIMIT_EXCEEDED", "filter")),
        ({"or": [{} for _ in range(65)]}, ("LIMIT_EXCEEDED", "filter")),
        ({"number": {"eq": 2**31}}, ("INVALID_INPUT", "")),
        ({"dueDate": {"eq": "2026-02-30"}}, ("INVALID_INPUT", "")),
        ({"createdAt": {"gt": "2026-01-01T00:00:00"}}, ("INVALID_INPUT", "")),
        ({"priority": {"eq": "HUGE"}}, ("INVALID_INPUT", "")),
        ({"unknown": {}}, ("INVALID_INPUT", "")),
        ({"text": 1}, ("INVALID_INPUT", "")),
    ]
    for refused, error in wrong:
        answer = await issues.member.failed(LIST, slug=issues.here.workspace.slug, filter=refused)
        assert answer == [error], refused
    assert await found(issues, {"or": [{"number": {"eq": number}} for number in range(64)]}) != []


async def test_parents_and_children(issues: World):
    data = await issues.member.run(
        """query ($slug: String!) { workspace(slug: $slug) { issue(identifier: "ENG-2") { parent { id }
          children { totalCount nodes { identifier parent { identifier children { totalCount } } } } } } }""",
        slug=issues.here.workspace.slug,
    )
    assert data["workspace"]["issue"] == {
        "parent": None,
        "children": {
            "totalCount": 1,
            "nodes": [{"identifier": "ENG-3", "parent": {"identifier": "ENG-2", "children": {"totalCount": 1}}}],
        },
    }


async def test_related_things_come_by_name(issues: World):
    data = await issues.member.run(
        """query ($slug: String!) { workspace(slug: $slug) {
          issues(sort: [{number: {}}], filter: {project: {key: {eq: "ENG"}}}) {
          nodes { assignees { name } labels { name } } } } }""",
        slug=issues.here.workspace.slug,
    )
    assert data["workspace"]["issues"]["nodes"] == [
        {"assignees": [], "labels": []},
        {"assignees": [{"name": "Guest"}, {"name": "Owner"}], "labels": [{"name": "bug"}]},
        {"assignees": [{"name": "Guest"}], "labels": [{"name": "bug"}, {"name": "docs"}]},
        {"assignees": [], "labels": []},
    ]
