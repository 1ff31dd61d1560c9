"""All stored rows, read with one statement: tests read them before and after, to prove what has changed."""

from functools import cache

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.metadata import metadata


async def stored_rows(
    engine: AsyncEngine, *, without: frozenset[str] = frozenset(), further: tuple[Table, ...] = ()
) -> dict[str, list[str]]:
    """Rows by table, each as PostgreSQL's text of a record; `without` names columns to leave out.

    `further` are tables that the migrations do not create.
    """
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        return dict(await raw.driver_connection.fetch(_statement(without, further)))


@cache
def _statement(without: frozenset[str], further: tuple[Table, ...]) -> str:
    # One statement per table takes four times as long, most of it in Python.
    parts = []
    for table in (*metadata.sorted_tables, *further):
        columns = ", ".join(column.name for column in table.columns if column.name not in without)
        rows = f"SELECT ROW({columns})::text AS line FROM {table.name}"
        parts.append(f"SELECT '{table.name}', array(SELECT line FROM ({rows}) AS lines ORDER BY line)")
    return " UNION ALL ".join(parts)
