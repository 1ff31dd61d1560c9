"""Functions and triggers of the database are declared with the tables, compared, and put into migrations."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from infra.db.routine_migrations import RoutineOp
from infra.db.routines import Routine, declare, declared, differences, found_in, trigger

GREET = Routine(
    name="FUNCTION greet(name text)",
    definition="""CREATE OR REPLACE FUNCTION greet(name text)
 RETURNS text
 LANGUAGE sql
AS $function$ SELECT 'Hello' || '\\n' || name $function$""",
)
TOLD = Routine(
    name="FUNCTION told()",
    definition="""CREATE OR REPLACE FUNCTION told()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN RETURN NULL; END $function$""",
)
TELL = trigger(
    "tell", on="pet", definition="CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION told()"
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to an empty schema, whose transaction is rolled back."""
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CREATE SCHEMA pets")
        await connection.exec_driver_sql("SET LOCAL search_path = pets")
        yield connection
        await connection.rollback()
    await engine.dispose()


def pets() -> MetaData:
    metadata = MetaData()
    Table("pet", metadata, Column("name", Text))
    declare(metadata, [TELL, GREET, TOLD])
    return metadata


async def test_routines_are_created_after_the_tables_and_dropped_with_them(connection: AsyncConnection):
    metadata = pets()
    await connection.run_sync(metadata.create_all)
    found = await connection.run_sync(found_in)
    assert found == {each.name: each.definition for each in (GREET, TELL, TOLD)}
    assert await differences(connection, declared(metadata)) == []
    await connection.run_sync(metadata.drop_all)
    assert await connection.run_sync(found_in) == {}


def test_functions_are_created_before_the_triggers_that_call_them():
    assert [each.name for each in declared(pets())] == [GREET.name, TOLD.name, TELL.name]
    assert declared(MetaData()) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("DROP TRIGGER tell ON pet", TELL.name),
        ("ALTER TABLE pet DISABLE TRIGGER tell", TELL.name),
        ("ALTER TABLE pet ENABLE REPLICA TRIGGER tell", TELL.name),
        ("CREATE OR REPLACE TRIGGER tell AFTER DELETE ON pet FOR EACH ROW EXECUTE FUNCTION told()", TELL.name),
        ("DROP FUNCTION greet", GREET.name),
        ("CREATE OR REPLACE FUNCTION greet(name text) RETURNS text LANGUAGE sql AS 'SELECT name'", GREET.name),
        ("ALTER FUNCTION greet SECURITY DEFINER", GREET.name),
    ],
)
async def test_a_routine_that_is_missing_disabled_or_changed_is_named(
    connection: AsyncConnection, change: str, name: str
):
    metadata = pets()
    await connection.run_sync(metadata.create_all)
    await connection.exec_driver_sql(change)
    assert await differences(connection, declared(metadata)) == [name]


@pytest.mark.parametrize("routine", [GREET, TOLD, TELL], ids=lambda routine: routine.name)
async def test_a_rendered_statement_creates_the_very_routine(connection: AsyncConnection, routine: Routine):
    statements = await connection.run_sync(rendered, RoutineOp(None, routine))
    if routine is TELL:
        await connection.exec_driver_sql("CREATE TABLE pet (name text)")
        await connection.exec_driver_sql(TOLD.definition)
    for statement in statements:
        await connection.exec_driver_sql(statement)
    assert await differences(connection, [routine]) == []
    for statement in await connection.run_sync(rendered, RoutineOp(None, routine).reverse()):
        await connection.exec_driver_sql(statement)
    assert await differences(connection, [routine]) == [routine.name]


def rendered(connection: Connection, operation: RoutineOp) -> list[str]:
    """The statements of a migration with the operation, whose text Alembic has indented."""
    text = render_op_text(AutogenContext(MigrationContext.configure(connection)), operation)
    executed: list[str] = []

    class Op:
        execute = executed.append

    exec("if True:\n" + "\n".join(f"    {line}" for line in text.splitlines()), {"op": Op})
    return executed


async def test_a_replaced_trigger_is_dropped_first_and_a_function_that_triggers_call_is_not():
    other = Routine(name=TELL.name, definition=TELL.definition.replace("INSERT", "DELETE"))
    assert RoutineOp(TELL, other).statements == ["DROP TRIGGER tell ON pet", other.definition]
    newer = Routine(name=TOLD.name, definition=TOLD.definition.replace("NULL", "NEW"))
    assert RoutineOp(TOLD, newer).statements == [newer.definition]
