"""Each index of issues is used by an operation, and each order of a list that promises an index has one."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from domain.issues.queries import INDEXED_ORDERS, IssueOrder, IssueQuery
from domain.shared.actor import Actor, Role
from domain.shared.pages import Direction, Nulls, PageRequest, Sort
from infra.db.read import ReadSession
from infra.db.statements import Query, Statements
from infra.issues.reader import SqlIssueReader
from infra.issues.tables import IssueRow
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

MOST_INDEXES = 16
# Sorting a table as small as this one would be cheaper.
BY_INDEX = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")
INDEXES = text(
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'issue' AND indexdef LIKE '%btree%'"
)
UNIQUE = [each for each in IssueRow.__table__.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]

ORDERS = [(parent, order) for parent, orders in INDEXED_ORDERS.items() for order in orders]

WORKSPACE = WorkspaceFactory()
PROJECT = ProjectFactory(workspace=WORKSPACE)
PARENTS: dict[str, Any] = {
    "workspace_id": WORKSPACE,
    "project_id": PROJECT,
    "milestone_id": MilestoneFactory(project=PROJECT),
    "parent_id": IssueFactory(project=PROJECT, state=StateFactory(project=PROJECT)),
}
METHODS = {
    "workspace_id": "of_workspaces",
    "project_id": "of_projects",
    "milestone_id": "of_milestones",
    "parent_id": "children_of_issues",
}
FILL = """INSERT INTO issue (workspace_id, id, project_id, number, state_id, priority, creator_id, milestone_id,
      parent_id, due_date, trashed_at, archived_at, created_at, updated_at)
    SELECT CASE WHEN n % 2 = 0 THEN :workspace_id ELSE 'wsp_1' END, 'iss_' || n,
      CASE WHEN n % 10 = 0 THEN :project_id ELSE 'prj_' || n % 10 END, n, 'stt_' || n % 50, n % 4, 'usr_' || n % 100,
      CASE WHEN n % 20 = 0 THEN :milestone_id END, CASE WHEN n % 30 = 0 THEN :parent_id END,
      CASE WHEN n % 3 = 0 THEN date '2024-01-01' + n % 500 END, CASE WHEN n % 7 = 0 THEN now() END,
      CASE WHEN n % 11 = 0 THEN now() END, now() - n * interval '1 min', now() - n % 999 * interval '1 h'
    FROM generate_series(1, 20000) AS n"""


class Noting(ReadSession):
    """Notes the queries and finds no rows."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self.noted: list[Query] = []

    async def fetch(self, statement: Any, **params: Any) -> Sequence[Any]:
        self.noted.append(self._statements.query(statement, params))
        return []


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection whose temporary table of 20,000 issues, with all indexes but that of words, hides the real one."""
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE issue (LIKE public.issue INCLUDING GENERATED)"))
        for column in IssueRow.__table__.c:
            await connection.execute(text(f"ALTER TABLE pg_temp.issue ALTER COLUMN {column.name} DROP NOT NULL"))
        await connection.execute(text(FILL), {name: parent.id for name, parent in PARENTS.items()})
        for definition in (await connection.execute(INDEXES)).scalars():
            await connection.execute(text(definition.replace("ON public.issue", "ON pg_temp.issue")))
        await connection.execute(text("ANALYZE pg_temp.issue"))
        for setting in BY_INDEX:
            await connection.execute(text(f"SET {setting} = off"))
        yield connection
        await connection.execute(text("DROP TABLE pg_temp.issue"))
    await engine.dispose()


async def plan_of(connection: AsyncConnection, query: str, *arguments: Any) -> dict[str, Any]:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    answer = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *arguments)
    plan: dict[str, Any] = answer[0]["Plan"] if isinstance(answer, list) else json.loads(answer)[0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any], *, until: str = "") -> Iterator[dict[str, Any]]:
    """The node and all below it, without what is below nodes of type `until`."""
    yield plan
    for below in plan.get("Plans", []) if plan["Node Type"] != until else []:
        yield from nodes_of(below, until=until)


def indexes_of(plan: dict[str, Any]) -> set[str]:
    return {node["Index Name"] for node in nodes_of(plan) if node.get("Index Name", "").split("_")[1:2] == ["issue"]}


def is_sorted_by_index(plan: dict[str, Any]) -> bool:
    """Whether no issues are sorted but those that a LIMIT has left of an index scan."""
    sorts = [node for node in nodes_of(plan) if "Sort" in node["Node Type"]]
    below = [node for sort in sorts for node in nodes_of(sort, until="Limit")]
    return not any(node.get("Relation Name") == "issue" for node in below)


async def queries_of(connection: AsyncConnection, parent: str, role: Role = Role.MEMBER, **asked: Any) -> list[Query]:
    noting = Noting(Statements(connection.dialect))
    actor = Actor(
        user_id=IDS.new("usr"),
        session_id=IDS.new("ses"),
        expires_at=MADE,
        roles={WORKSPACE.id: role},
        areas={WORKSPACE.id: frozenset({PROJECT.id})},
    )
    read = getattr(SqlIssueReader(noting), METHODS[parent])
    await read(actor, [PARENTS[parent]], IssueQuery(**asked), PageRequest(first=50))
    return noting.noted


@pytest.mark.parametrize(("parent", "order"), ORDERS)
@pytest.mark.parametrize("role", [Role.MEMBER, Role.GUEST])
async def test_an_indexed_order_is_read_from_its_index(connection, parent, order, role):
    for direction, nulls, kind in product(Direction, Nulls, ({}, {"includes_archived": True}, {"is_trash": True})):
        sort = tuple(Sort(by=by, direction=direction, nulls=nulls) for by in order)
        for completed in (sort, (*sort, Sort(by=IssueOrder.CREATED_AT, direction=direction))):
            if len({key.by for key in completed}) < len(completed):
                continue
            [query] = await queries_of(connection, parent, role, sort=completed, **kind)
            plan = await plan_of(connection, query.text, *query.arguments)
            of_guests = role is Role.GUEST and parent == "workspace_id"
            name = f"{'project' if of_guests else parent.removesuffix('_id')}_{'_'.join(order)}"
            assert indexes_of(plan) == {f"ix_issue_{name}"}, (completed, kind)
            assert is_sorted_by_index(plan), (completed, kind)


async def test_no_index_is_unused(connection):
    """Uses of an index: an order of a list, and the search for issues that refer to a deleted object."""
    used = {f"ix_issue_{parent.removesuffix('_id')}_{'_'.join(order)}" for parent, order in ORDERS}
    for key in IssueRow.__table__.constraints:
        if isinstance(key, ForeignKeyConstraint):
            condition = " AND ".join(f"{column.name} = ''" for column in key.columns)
            used |= indexes_of(await plan_of(connection, f"SELECT 1 FROM issue WHERE {condition}"))
    # The index of words is tested with the search that it is for.
    trees = {index.name for index in IssueRow.__table__.indexes if not index.dialect_options["postgresql"]["using"]}
    assert trees - used == set()
    assert len(trees) + len(UNIQUE) <= MOST_INDEXES
