"""Bulk writes: COPY for new rows, one UPDATE for changed rows."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Update, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as upsert

from infra.db.base import Base
from infra.db.write_connection import Connection, WriteConnection


async def copy_rows(
    connection: WriteConnection, table: type[Base], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Inserts tuples with COPY. Values must have the driver's types, because SQLAlchemy converts nothing here."""
    if rows:
        columns = [table.__table__.c[name].name for name in names]
        await connection.copy(table.__tablename__, columns, rows)


async def copy_entities(
    connection: WriteConnection, table: type[Base], names: Sequence[str], entities: Iterable[Any]
) -> None:
    await copy_rows(connection, table, names, [attrgetter(*names)(entity) for entity in entities])


async def update_rows(connection: Connection, table: type[Base], names: Sequence[str], entities: Sequence[Any]) -> None:
    """Writes the named columns of all entities, which are of one workspace, by ID."""
    if entities:
        await connection.execute(*row_updates(table, names, entities))


def row_inserts(
    table: type[Base], names: Sequence[str], entities: Sequence[Any]
) -> tuple[PostgresInsert, Mapping[str, Any]]:
    """One statement that inserts the named columns of all entities, and its values."""
    return row_insert(table, tuple(names)), _values(names, entities)


@cache
def row_insert(table: type[Base], names: tuple[str, ...]) -> PostgresInsert:
    """The statement of `row_inserts`, built once."""
    whole = table.__table__
    assert isinstance(whole, Table)
    given = _given([whole.c[name] for name in names])
    return upsert(whole).from_select(list(names), select(*given.c))


def row_updates(table: type[Base], names: Sequence[str], entities: Sequence[Any]) -> tuple[Update, Mapping[str, Any]]:
    """One statement that writes the named columns of all entities, which are of one workspace, and its values."""
    values = _values(("id", *names), entities) | {"workspace": entities[0].workspace_id}
    return row_update(table, tuple(names)), values


@cache
def row_update(table: type[Base], names: tuple[str, ...]) -> Update:
    """The statement of `row_updates`, built once."""
    whole = table.__table__
    assert isinstance(whole, Table)
    given = _given([whole.c[name] for name in ("id", *names)])
    here = whole.c.workspace_id == bindparam("workspace")
    return update(whole).where(here, whole.c.id == given.c.id).values({name: given.c[name] for name in names})


def _given(columns: Sequence[ColumnElement[Any]]) -> Any:
    """Values of the columns as rows of a statement."""
    arrays = func.unnest(*(bindparam(f"all_{each.key}", type_=ARRAY(each.type)) for each in columns))
    return arrays.table_valued(*(column(str(each.key), each.type) for each in columns)).render_derived(name="given")


def _values(names: Sequence[str], entities: Sequence[Any]) -> dict[str, Any]:
    return {f"all_{name}": [getattr(entity, name) for entity in entities] for name in names}
