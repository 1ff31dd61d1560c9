"""A database whose workspace data is partitioned by workspace, and the partitions that a statement reads.

It stands for a database on several machines: a statement that reads one partition could be sent to one machine.
With WORKGRAPH_TEST_PARTITIONED=1, all tests of a run use such a database, and the run fails at its end if a statement
read several partitions.
"""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from infra.db.pool import ReadConnection
from infra.db.routines import declare, declared
from infra.metadata import metadata
from tests.sent import each_written
from tests.servers import driver_url
from tests.workspace_data import GLOBAL_TABLES, workspace_tables

VARIABLE = "WORKGRAPH_TEST_PARTITIONED"
PARTITIONS = 4

# PostgreSQL names the indexes of a partition itself, and an error about a duplicate names them.
_SAME_NAMES = """DO $$ DECLARE child regclass; parent name; BEGIN
  FOR child, parent IN SELECT inhrelid::regclass, above.relname FROM pg_inherits
    JOIN pg_class above ON above.oid = inhparent WHERE above.relkind = 'I'
  LOOP EXECUTE format('ALTER INDEX %s RENAME TO %I', child, parent); END LOOP; END $$"""


def partitioned() -> MetaData:
    """All tables, those of workspace data partitioned by workspace."""
    copies = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        copy = table.to_metadata(copies)
        if table.name not in GLOBAL_TABLES:
            copy.kwargs["postgresql_partition_by"] = "HASH (workspace_id)"
            # Storage parameters belong to the partitions.
            copy.kwargs["postgresql_with"] = None
    declare(copies, declared(metadata))
    return copies


async def partition(url: str) -> None:
    """Partitions the empty tables of the database, each partition of a remainder in a schema of its own."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(partitioned().create_all)
        for remainder in range(PARTITIONS):
            await connection.exec_driver_sql(f"CREATE SCHEMA p{remainder}")
            for table in workspace_tables():
                await connection.exec_driver_sql(
                    f"CREATE TABLE p{remainder}.{table.name} PARTITION OF public.{table.name}"
                    f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {remainder})"
                )
        await connection.exec_driver_sql(_SAME_NAMES)
    await engine.dispose()


Statements = dict[str, Sequence[Any]]  # text -> arguments of its first use


@contextmanager
def recorded() -> Iterator[Statements]:
    """All statements that the application sends meanwhile; tests have engines of their own."""
    sent: Statements = {}
    fetch: Callable[..., Any] = ReadConnection.fetch

    async def recording(self: ReadConnection, text: str, arguments: Sequence[Any], *further: Any) -> Any:
        sent.setdefault(text, list(arguments))
        return await fetch(self, text, arguments, *further)

    ReadConnection.fetch = recording  # type: ignore[method-assign]  # to see every read, of any application
    try:
        with each_written(sent.setdefault, is_of_application_only=True):
            yield sent
    finally:
        ReadConnection.fetch = fetch  # type: ignore[method-assign]


async def spread(url: str, statements: Mapping[str, Sequence[Any]]) -> dict[str, set[str]]:
    """The partitions that the generic plan of each statement on workspace data scans."""
    connection = await asyncpg.connect(driver_url(url))
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        found = {}
        for text, arguments in statements.items():
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text):
                found[text] = await _scanned(connection, text, arguments)
        return found
    finally:
        await connection.close()


async def _scanned(connection: "asyncpg.Connection[Any]", text: str, arguments: Sequence[Any]) -> set[str]:
    await connection.execute(f"PREPARE sent AS {text}")
    try:
        values = f"({', '.join(map(literal, arguments))})" if arguments else ""
        [[plan]] = await connection.fetch(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE sent{values}")
    finally:
        await connection.execute("DEALLOCATE sent")
    return {node["Schema"] for node in _nodes(orjson.loads(plan)[0]["Plan"]) if is_scan_of_partition(node)}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def is_scan_of_partition(node: Mapping[str, Any]) -> bool:
    return node["Node Type"].endswith("Scan") and re.fullmatch(r"p\d", node.get("Schema", "")) is not None


def literal(value: Any) -> str:
    """The value as PostgreSQL's text form of whatever type the parameter has."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return _quoted("{" + ",".join(_element(each) for each in value) + "}")
    if isinstance(value, timedelta):
        return f"'{value.total_seconds()} seconds'"
    return _quoted(value.isoformat() if isinstance(value, date | datetime) else str(value))


def _element(value: Any) -> str:
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    return "NULL" if value is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str) -> str:
    # Tests of bad input send NUL and lone surrogates, which no statement can hold. The plan is generic without them.
    text = text.replace("\0", "").encode(errors="replace").decode()
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@asynccontextmanager
async def checked(url: str) -> AsyncIterator[None]:
    """Partitions the database, and fails at the end if a statement of the block read several partitions."""
    await partition(url)
    with recorded() as sent:
        yield
    if found := faults(await spread(url, sent)):
        pytest.fail("\n".join(found))


SEVERAL = {
    r"DELETE FROM invitation .*batch": "the clean-up deletes settled invitations of all workspaces",
    r"FROM invitation WHERE invitation.digest =": "the secret of an invitation names no workspace",
    r"FROM session .*LEFT OUTER JOIN member": "a session loads the memberships of its user",
    r"FROM api_key .*LEFT OUTER JOIN member": "an API key loads the memberships of its user",
    r"^SELECT workspace\..* FROM workspace JOIN member .* WHERE member.user_id =": "the list of a user's workspaces",
    r"^SELECT member\..* FROM member WHERE member.user_id =": "some or all memberships of a user",
    r"FROM account WHERE .*EXISTS \(SELECT .* FROM member": "users are visible to colleagues in any workspace",
}
"""Pattern of a statement that may read several partitions -> reason."""


def reason(text: str, reasons: Mapping[str, str] = SEVERAL) -> str | None:
    plain = " ".join(text.split())
    return next((why for pattern, why in reasons.items() if re.search(pattern, plain)), None)


def faults(scanned: Mapping[str, Collection[str]], reasons: Mapping[str, str] = SEVERAL) -> list[str]:
    """Statements that read several partitions without a reason."""
    return [
        f"{len(partitions)} partitions: {' '.join(text.split())}"
        for text, partitions in scanned.items()
        if len(partitions) > 1 and reason(text, reasons) is None
    ]
