"""Functions and triggers of the database, declared here as PostgreSQL prints them, so that texts can be compared."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

_KEY = "routines"  # of MetaData.info
# Without the triggers that PostgreSQL clones for each partition, and without those of foreign keys.
QUERY = """
SELECT 'FUNCTION ' || proname || '(' || pg_get_function_identity_arguments(oid) || ')', pg_get_functiondef(oid)
FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f'
UNION ALL
SELECT 'TRIGGER ' || tgname || ' ON ' || relname,
       pg_get_triggerdef(pg_trigger.oid, true) || CASE tgenabled WHEN 'O' THEN '' ELSE ' (disabled)' END
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgparentid = 0"""
"""Names and definitions of the routines in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """A function or trigger. `name` is as in DROP, such as `TRIGGER greet ON person`, with `definition` to create it.

    The definition is the text of pg_get_functiondef without the schema, or of pg_get_triggerdef(oid, true).
    """

    name: str
    definition: str

    @property
    def is_function(self) -> bool:
        return self.name.startswith("FUNCTION")

    @property
    def dropping(self) -> str:
        return f"DROP {self.name}"


def trigger(name: str, *, on: str, definition: str) -> Routine:
    """A trigger of the table `on`; `{name}` and `{table}` in the definition stand for both names."""
    whole = " ".join(definition.format(name=name, table=on).split())
    return Routine(name=f"TRIGGER {name} ON {on}", definition=whole)


def declare(metadata: MetaData, routines: Iterable[Routine]) -> None:
    """Adds the routines to those that `create_all` creates after all tables, and that migrations compare."""
    known: list[Routine] = metadata.info.setdefault(_KEY, [])
    if not known:
        event.listen(metadata, "after_create", _create)
        event.listen(metadata, "after_drop", _drop)
    known.extend(routines)


def declared(metadata: MetaData) -> Sequence[Routine]:
    """The routines of the metadata, functions before triggers."""
    return sorted(metadata.info.get(_KEY, ()), key=lambda routine: not routine.is_function)


def found_in(connection: Connection) -> Mapping[str, str]:
    """Definitions of the routines in the database, by name."""
    return {name: _without_schema(definition) for name, definition in connection.execute(text(QUERY))}


async def differences(connection: AsyncConnection, routines: Iterable[Routine]) -> list[str]:
    """The names of routines that the database lacks, has disabled, or has with another definition."""
    return differing((await connection.execute(text(QUERY))).all(), routines)


def differing(rows: Iterable[Sequence[str]], routines: Iterable[Routine]) -> list[str]:
    """Names of the routines that the rows of QUERY lack or show with another definition."""
    found = {name: _without_schema(definition) for name, definition in rows}
    return [routine.name for routine in routines if found.get(routine.name) != routine.definition]


def _without_schema(definition: str) -> str:
    return re.sub(r"\A(CREATE OR REPLACE FUNCTION )[^(]*?\.(?=[^.(]+\()", r"\1", definition).strip()


def _create(metadata: MetaData, connection: Connection, **_: Any) -> None:
    for routine in declared(metadata):
        connection.exec_driver_sql(routine.definition)


def _drop(metadata: MetaData, connection: Connection, **_: Any) -> None:
    # The tables have taken their triggers with them.
    for routine in declared(metadata):
        if routine.is_function:
            connection.exec_driver_sql(routine.dropping)
