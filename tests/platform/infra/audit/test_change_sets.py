"""Change sets are read by index, however large the log is."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from domain.audit.change_sets import ChangeSet
from domain.shared.actor import Actor, Role
from domain.shared.pages import PageRequest
from infra.audit.change_sets import SqlChangeSetReader
from infra.batches.slice import SLICE as BATCHES
from infra.db.engine import open_engines
from infra.db.read import ReadSession
from infra.db.statements import Query
from tests.event_log import SLICES
from tests.factories.workspaces import WorkspaceFactory
from tests.patience import PATIENT

EVENTS, OF_JOB = 20_000, 200
SHELF = "shf_1"
WORKSPACE = WorkspaceFactory()
FILL = text(
    """INSERT INTO event (workspace_id, revision, change_set, type, subject_id, project_id, cause, changes, occurred_at)
    SELECT :workspace, revision, CASE WHEN revision <= 3 OR revision % 100 = 0 THEN 3 ELSE revision END,
        'book.updated', 'bok_1', :shelf, 'USER', '{}', now() FROM generate_series(1, :events) AS revision"""
)
COUNTER = text("INSERT INTO workspace_revision (workspace_id, first_revision, revision) VALUES (:workspace, 1, :last)")


class Noting(ReadSession):
    """Notes the queries that it runs."""

    noted: list[Query]

    async def fetch(self, statement: Any, **params: Any) -> Sequence[Any]:
        self.noted.append(self._pool.statements.query(statement, params))
        return await super().fetch(statement, **params)


async def events_read(connection: AsyncConnection, query: Query) -> int:
    """Number of events that PostgreSQL reads for the query."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    answer = await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query.text}", *query.arguments)
    [plan] = answer if isinstance(answer, list) else json.loads(answer)
    scans = [node for node in nodes_of(plan["Plan"]) if node.get("Relation Name") == "event"]
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]) for node in scans
    )


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes_of(below)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.GUEST])
async def test_a_change_set_is_read_without_the_events_of_others(database: str, role: Role) -> None:
    actor = Actor(user_id="usr_1", roles={WORKSPACE.id: role}, areas={WORKSPACE.id: frozenset({SHELF})})
    engine = create_async_engine(database, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection, open_engines(database, PATIENT) as engines:
        await connection.execute(FILL, {"workspace": WORKSPACE.id, "shelf": SHELF, "events": EVENTS})
        await connection.execute(COUNTER, {"workspace": WORKSPACE.id, "last": EVENTS})
        await connection.execute(text("ANALYZE event"))
        reads = Noting(engines.read)
        reads.noted = []
        reader = SqlChangeSetReader(reads, SLICES, BATCHES.job_runs)
        _, facts = await reader.by_revision(actor, WORKSPACE, 3)
        assert facts is not None
        assert (facts.after, facts.counts, facts.is_partly_hidden) == (0, {"book.updated": 3 + OF_JOB}, False)
        [page] = await reader.events_of_change_sets(actor, [ChangeSet.of(facts, ())], PageRequest(first=50))
        assert [event.revision for event in page.nodes] == [1, 2, 3, *range(100, 4701, 100)]
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(text(f"SET plan_cache_mode = {mode}"))
            heads, counts, events = [await events_read(connection, query) for query in reads.noted]
            assert heads <= 5
            # Guests read them twice, because changes that are hidden from them are looked for too.
            assert counts <= (3 + OF_JOB) * (2 if role is Role.GUEST else 1)
            assert events <= 3 + 51
    await engine.dispose()
