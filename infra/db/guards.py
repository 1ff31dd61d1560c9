"""Guards of database sessions: limits that PostgreSQL itself enforces, and their comparison with those asked for."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from infra.operator_error import OperatorError

_IN_FORCE = "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])"


class GuardsDiffer(OperatorError, OSError):
    """The database does not enforce what was asked for; the message names each difference and says what to do.

    An OSError, so that requests get 503 if it turns up after the start.
    """


def check_seen(seen: Mapping[str, str], asked: Mapping[str, str]) -> None:
    """Raises GuardsDiffer unless all guards are in force."""
    different = [f"{name} is {seen.get(name, 'unknown')} instead of {value}" for name, value in asked.items()]
    different = [line for line, (name, value) in zip(different, asked.items(), strict=True) if seen.get(name) != value]
    if different:
        raise GuardsDiffer(
            f"The database does not enforce the limits of this server: {', '.join(different)}. "
            "A connection pooler such as PgBouncer drops them. Connect to PostgreSQL itself, or set "
            "WORKGRAPH_DATABASE_POOLER=transaction."
        )


async def check_guards(connection: "asyncpg.Connection[Any]", asked: Mapping[str, str], *, begin: str) -> None:
    """Compares the guards in a transaction begun with `begin`; terminates the connection if they differ."""
    try:
        if begin:
            await connection.execute(begin)
        rows = await connection.fetch(_IN_FORCE, list(asked))
        if begin:
            await connection.execute("COMMIT")
        check_seen(dict(rows), asked)
    except BaseException:  # including cancellations
        connection.terminate()
        raise


def refused_by_pooler(error: asyncpg.PostgresError) -> GuardsDiffer | None:
    """The error of a pooler that cannot serve this kind of connection; None for other errors."""
    is_refused = isinstance(error, asyncpg.ProtocolViolationError) and "startup parameter" in str(error)
    if not is_refused and not isinstance(error, asyncpg.DuplicatePreparedStatementError):
        return None
    return GuardsDiffer(
        f"A connection pooler such as PgBouncer refuses connections of this server: {error}. Connect to PostgreSQL "
        "itself, or set WORKGRAPH_DATABASE_POOLER=transaction."
    )
