"""Bulk writes: COPY for new rows, one UPDATE for changed rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import ARRAY, Table, Update, bindparam, column, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.db.base import Base


async def copy_rows(
    connection: AsyncConnection, table: type[Base], names: Sequence[str], rows: Collection[Sequence[Any]]
) -> None:
    """Inserts tuples with COPY. Values must have the driver's types, because SQLAlchemy converts nothing here."""
    if rows:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        columns = [table.__table__.c[name].name for name in names]
        await driver.copy_records_to_table(table.__tablename__, columns=columns, records=rows)


async def copy_entities(
    connection: AsyncConnection, table: type[Base], names: Sequence[str], entities: Iterable[Any]
) -> None:
    await copy_rows(connection, table, names, [attrgetter(*names)(entity) for entity in entities])


async def update_rows(
    connection: AsyncConnection, table: type[Base], names: Sequence[str], entities: Sequence[Any]
) -> None:
    """Writes the named columns of all entities, which are of one workspace, by ID."""
    if entities:
        await connection.execute(*row_updates(table, names, entities))


def row_updates(table: type[Base], names: Sequence[str], entities: Sequence[Any]) -> tuple[Update, Mapping[str, Any]]:
    """One statement that writes the named columns of all entities, which are of one workspace, and its values."""
    whole = table.__table__
    assert isinstance(whole, Table)
    columns = [whole.c[name] for name in ("id", *names)]
    arrays = func.unnest(*(bindparam(f"all_{each.name}", type_=ARRAY(each.type)) for each in columns))
    given = arrays.table_valued(*(column(each.name, each.type) for each in columns)).render_derived(name="given")
    here = whole.c.workspace_id == bindparam("workspace")
    statement = update(whole).where(here, whole.c.id == given.c.id).values({name: given.c[name] for name in names})
    values = {f"all_{each.name}": [getattr(entity, each.name) for entity in entities] for each in columns}
    return statement, values | {"workspace": entities[0].workspace_id}
