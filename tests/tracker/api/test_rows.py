"""Readers answer a projection with rows that have the same values as the entities, for members and for guests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from inspect import signature
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from domain.accounts.model import User
from domain.app import App
from domain.comments.model import Comment
from domain.comments.queries import CommentFilter, CommentOrder, CommentQuery
from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter, IssueOrder, IssueQuery
from domain.labels.model import Label
from domain.labels.queries import LabelFilter, LabelOrder, LabelQuery
from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneOrder, MilestoneQuery
from domain.projects.model import Project, ProjectMember, State
from domain.projects.queries import ProjectMemberQuery, ProjectQuery
from domain.shared.actor import Actor
from domain.shared.filters import OrderComparator, TextComparator
from domain.shared.pages import Direction, Page, PageRequest, Sort
from domain.workspaces.model import Member, Workspace
from domain.workspaces.queries import MemberQuery
from infra.db.rows import KeyedRows, ListsOfRows, Rows
from strawberry_compiled import columns_of
from tests.architecture.test_readers import offered
from tests.tracker.api.guest_world import GuestWorld, build_guest_world
from tests.tracker.api.world import World

PAGES: dict[str, tuple[type[Any], type[Any], Sequence[Any]]] = {
    "issues.of_workspaces": (
        Workspace,
        Issue,
        [
            IssueQuery(),
            IssueQuery(includes_archived=True, sort=(Sort(by=IssueOrder.PRIORITY, direction=Direction.DESC),)),
            IssueQuery(is_trash=True),
            IssueQuery(filter=IssueFilter(title=TextComparator(contains="about"))),
            IssueQuery(
                filter=IssueFilter(priority=OrderComparator(gte=Priority.LOW)),
                sort=(Sort(by=IssueOrder.DUE_DATE), Sort(by=IssueOrder.PRIORITY)),
            ),
        ],
    ),
    "issues.of_projects": (Project, Issue, [IssueQuery(), IssueQuery(sort=(Sort(by=IssueOrder.NUMBER),))]),
    "issues.of_milestones": (Milestone, Issue, [IssueQuery(), IssueQuery(sort=(Sort(by=IssueOrder.PRIORITY),))]),
    "issues.children_of_issues": (Issue, Issue, [IssueQuery(includes_archived=True)]),
    "comments.of_issues": (
        Issue,
        Comment,
        [
            CommentQuery(),
            CommentQuery(sort=(Sort(by=CommentOrder.CREATED_AT, direction=Direction.DESC),)),
            CommentQuery(filter=CommentFilter(body=TextComparator(contains="a"))),
        ],
    ),
    "labels.of_workspaces": (
        Workspace,
        Label,
        [
            LabelQuery(),
            LabelQuery(filter=LabelFilter(name=TextComparator(contains="a")), sort=(Sort(by=LabelOrder.CREATED_AT),)),
        ],
    ),
    "milestones.of_projects": (
        Project,
        Milestone,
        [MilestoneQuery(), MilestoneQuery(sort=(Sort(by=MilestoneOrder.CREATED_AT),))],
    ),
    "projects.of_workspaces": (Workspace, Project, [ProjectQuery()]),
    "members.of_workspaces": (Workspace, Member, [MemberQuery()]),
    "project_members.of_projects": (Project, ProjectMember, [ProjectMemberQuery()]),
}
"""Reader of pages -> parents, items, queries."""

LISTS: dict[str, tuple[type[Any], type[Any]]] = {
    "issues.assignees_of_issues": (Issue, User),
    "issues.labels_of_issues": (Issue, Label),
    "states.of_projects": (Project, State),
}

LOOKUPS: dict[str, type[Any]] = {
    "comments.by_ids": Comment,
    "issues.by_ids": Issue,
    "labels.by_ids": Label,
    "members.by_ids": Member,
    "milestones.by_ids": Milestone,
    "project_members.by_ids": ProjectMember,
    "projects.by_ids": Project,
    "states.by_ids": State,
    "users.named_by_ids": User,
    "workspaces.by_ids": Workspace,
}

OWNER, GUESTS = 0, (2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The workspace as one user reads it, or the server itself."""

    there: GuestWorld
    actor: Actor
    random: Random

    async def parents(self, kind: type[Any]) -> list[Any]:
        """Objects of the kind that the actor sees, by ID."""
        reader = getattr(self.there.app.read, f"{kind.__name__.lower()}s")
        ids = [each.id for each in self.there.things(kind)]
        return sorted((await reader.by_ids(self.actor, ids)).values(), key=lambda each: each.id)

    def projection(self, kind: type[Any], prefix: str = "") -> frozenset[str]:
        names = [field.name for field in fields(kind)]
        return frozenset(f"{prefix}{name}" for name in self.random.sample(names, self.random.randint(1, len(names))))


# Rows of owners are also read by all operations that the suite runs.
@pytest.fixture(
    params=[
        "guest",
        pytest.param("owner", marks=pytest.mark.verify),
        pytest.param("system", marks=pytest.mark.verify),
    ]
)
async def reading(request: pytest.FixtureRequest, world: World) -> Reading:
    there = await build_guest_world(world, Random(7))
    if request.param == "system":
        return Reading(there=there, actor=Actor.system(), random=Random(1))
    guest = max(GUESTS, key=lambda place: len(there.projects_of(place)))
    client = await there.client(OWNER if request.param == "owner" else guest)
    return Reading(there=there, actor=client.actor, random=Random(2))


def method(app: App, name: str) -> Callable[..., Awaitable[Any]]:
    reader, _, verb = name.partition(".")
    found: Callable[..., Awaitable[Any]] = getattr(getattr(app.read, reader), verb)
    return found


def stored(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def shown(entity: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: stored(getattr(entity, name)) for name in names}


def values(row: SimpleNamespace) -> dict[str, Any]:
    return {name: values(each) if isinstance(each, SimpleNamespace) else each for name, each in vars(row).items()}


def test_every_reader_that_takes_a_projection_is_tried() -> None:
    taking = {name for name, function in offered() if "projection" in signature(function).parameters}
    assert taking == {*LISTS, *LOOKUPS, "states.with_projects_by_ids"}


async def test_rows_by_id_are_the_entities(reading: Reading) -> None:
    for name, kind in LOOKUPS.items():
        await compare_lookups(reading, method(reading.there.app, name), kind)


async def compare_lookups(reading: Reading, by_ids: Callable[..., Awaitable[Any]], kind: type[Any]) -> None:
    ids = [each.id for each in reading.there.things(kind)]
    entities: Mapping[str, Any] = await by_ids(reading.actor, ids)
    assert entities or reading.actor.is_guest, kind
    for _ in range(3):
        projection = reading.projection(kind)
        rows = await by_ids(reading.actor, ids, projection)
        assert isinstance(rows, KeyedRows)
        names = columns_of(projection)
        records = dict(zip(rows.row_keys, rows.rows.records, strict=True))
        assert {key: tuple(record)[: len(names)] for key, record in records.items()} == {
            key: tuple(shown(entity, names).values()) for key, entity in entities.items()
        }
        assert {key: values(row) for key, row in rows.items()} == {
            key: shown(entity, names) for key, entity in entities.items()
        }
        assert len({len(record) for record in rows.rows.records}) <= 1


async def test_rows_of_states_in_projects_have_both(reading: Reading) -> None:
    by_ids = reading.there.app.read.states.with_projects_by_ids
    ids = [each.id for each in reading.there.states]
    entities = await by_ids(reading.actor, ids)
    projection = reading.projection(State, "state.") | reading.projection(Project, "project.")
    rows = await by_ids(reading.actor, ids, projection)
    assert {key: values(row) for key, row in rows.items()} == {
        key: {
            part: shown(getattr(entity, part), [each.partition(".")[2] for each in projection if each.startswith(part)])
            for part in ("state", "project")
        }
        for key, entity in entities.items()
    }


async def test_lists_of_rows_are_those_of_entities(reading: Reading) -> None:
    for name, (parent, kind) in LISTS.items():
        await compare_lists(reading, method(reading.there.app, name), parent, kind)


async def compare_lists(
    reading: Reading, list_of: Callable[..., Awaitable[Any]], parent: type[Any], kind: type[Any]
) -> None:
    parents = await reading.parents(parent)
    reading.random.shuffle(parents)
    entities = await list_of(reading.actor, parents)
    assert any(entities) or reading.actor.is_guest, kind
    for _ in range(3):
        projection = reading.projection(kind)
        rows = await list_of(reading.actor, parents, projection)
        assert isinstance(rows, ListsOfRows)
        names = columns_of(projection)
        assert [[values(row) for row in each] for each in rows] == [
            [shown(entity, names) for entity in each] for each in entities
        ]
        assert sum(part.stop - part.start for part in rows.slices) == len(rows.rows)


def expected_page(page: Page[Any], nodes: Sequence[str] | None, edges: Sequence[str] | None) -> dict[str, Any]:
    """The page in the form of `values`, with all attributes of the page itself."""
    of_nodes = None if nodes is None else [shown(entity, nodes) for entity in page.nodes]
    of_edges = None
    if edges is not None:
        of_edges = [{"cursor": each.cursor, "node": shown(each.node, edges)} for each in page.edges]
    return {
        "nodes": of_nodes,
        "edges": of_edges,
        "page_info": {field.name: getattr(page.page_info, field.name) for field in fields(page.page_info)},
        "total_count": page.total_count,
        "total_count_is_exact": page.total_count_is_exact,
    }


OF_PAGE = frozenset(
    {
        "total_count",
        "total_count_is_exact",
        "page_info.has_next_page",
        "page_info.has_previous_page",
        "page_info.start_cursor",
        "page_info.end_cursor",
    }
)


async def test_pages_of_rows_are_those_of_entities(reading: Reading) -> None:
    for name, (parent, kind, queries) in PAGES.items():
        parents = await reading.parents(parent)
        reading.random.shuffle(parents)
        for query in queries:
            await compare_pages(reading, method(reading.there.app, name), parents, kind, query)


async def compare_pages(
    reading: Reading, pages_of: Callable[..., Awaitable[Any]], parents: Sequence[Any], kind: type[Any], query: Any
) -> None:
    nodes, edges = reading.projection(kind, "nodes."), reading.projection(kind, "edges.node.")
    of_nodes = [each.removeprefix("nodes.") for each in sorted(nodes)]
    of_edges = [each.removeprefix("edges.node.") for each in sorted(edges)]
    cursor = {"edges.cursor"}
    for projection, names in (
        (nodes | edges | cursor, (of_nodes, of_edges)),
        (nodes, (of_nodes, None)),
        (edges | cursor, (None, of_edges)),
    ):
        for request in (PageRequest(first=2, is_counted=True), PageRequest(last=2, is_counted=True)):
            entities = await pages_of(reading.actor, parents, query, request)
            rows = await pages_of(reading.actor, parents, query, replace(request, projection=projection | OF_PAGE))
            assert isinstance(rows, Rows)
            expected = [expected_page(page, *names) for page in entities]
            assert [page_values(page, *names) for page in rows] == expected


def page_values(page: Any, nodes: Sequence[str] | None, edges: Sequence[str] | None) -> dict[str, Any]:
    return {
        **values(page),
        "nodes": None if nodes is None else list(map(values, page.nodes)),
        "edges": None if edges is None else list(map(values, page.edges)),
    }


@pytest.mark.parametrize("is_backward", [False, True])
async def test_pages_of_rows_lead_through_a_list_both_ways(reading: Reading, is_backward: bool) -> None:
    for name, (parent, _, queries) in PAGES.items():
        pages_of = method(reading.there.app, name)
        for query, above in [(query, above) for query in queries for above in await reading.parents(parent)]:
            [whole] = await pages_of(reading.actor, [above], query, PageRequest(first=100))
            found = await walked(pages_of, reading.actor, above, query, is_backward=is_backward)
            assert found == [entity.id for entity in whole.nodes]


async def walked(
    pages_of: Callable[..., Awaitable[Any]], actor: Actor, parent: Any, query: Any, *, is_backward: bool
) -> list[str]:
    """IDs of the list, read in pages of two."""
    found: list[str] = []
    projection = frozenset({"nodes.id"}) | OF_PAGE
    request = PageRequest(**{"last" if is_backward else "first": 2}, projection=projection)
    while True:
        [page] = await pages_of(actor, [parent], query, request)
        ids = [row.id for row in page.nodes]
        found = [*ids, *found] if is_backward else [*found, *ids]
        info = page.page_info
        if not (info.has_previous_page if is_backward else info.has_next_page):
            return found
        cursor = {"before": info.start_cursor} if is_backward else {"after": info.end_cursor}
        request = replace(request, **cursor)
