"""Indexes that are dropped while much demo data is stored, and rebuilt afterwards.

PostgreSQL maintains 30 indexes three times slower than it builds them at the end. Their definitions come from the
catalog, so they are whatever the migrations have made of them.
"""

from sqlalchemy import text

from infra.db.base import MANY_ROWS, Base
from infra.db.write_connection import WriteConnection

BUILD_SECONDS = 3600
BUILD_MEMORY = "256MB"
_MANY = MANY_ROWS["postgresql_with"]

# Not the indexes of constraints, which refuse wrong rows and serve the foreign keys.
_SECONDARY = text(
    """
    SELECT pg_get_indexdef(each.indexrelid) AS definition, CAST(CAST(each.indexrelid AS regclass) AS text) AS name
    FROM pg_index AS each JOIN pg_class AS named ON named.oid = each.indexrelid
    WHERE each.indrelid IN (SELECT to_regclass(wanted) FROM unnest(CAST(:tables AS text[])) AS wanted)
    AND NOT each.indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = each.indexrelid)
    ORDER BY named.relname
    """
)


async def drop_secondary_indexes(connection: WriteConnection) -> list[str]:
    """Drops the indexes of large tables that serve no constraint, and returns the statements that create them."""
    found = (await connection.execute(_SECONDARY, {"tables": _large_tables()})).all()
    for _, name in found:
        await connection.run(f"DROP INDEX {name}")
    return [definition for definition, _ in found]


async def build_index(connection: WriteConnection, definition: str) -> None:
    """Runs the statement that creates an index, without the time limit of statements."""
    await _run_long(connection, definition)


async def analyze(connection: WriteConnection) -> None:
    """Collects the statistics of large tables, without which the first queries are planned for empty ones."""
    await _run_long(connection, "ANALYZE " + ", ".join(_large_tables()))


def _large_tables() -> list[str]:
    """Names of the tables with rows for each issue."""
    return [each.name for each in Base.metadata.sorted_tables if each.kwargs.get("postgresql_with") == _MANY]


async def _run_long(connection: WriteConnection, statement: str) -> None:
    await connection.run("SET LOCAL statement_timeout = 0")
    await connection.run(f"SET LOCAL maintenance_work_mem = '{BUILD_MEMORY}'")
    await connection.run(statement, seconds=BUILD_SECONDS)
