"""Statements over sets of imported values, any of which the database may refuse."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, any_, bindparam

from domain.transfers.ports import Unstorable
from infra.db.engine import sqlstate

_REFUSALS = ("22", "23")  # SQLSTATE classes: data exception, integrity constraint violation


def among(column: Any, values: Collection[Any]) -> Any:
    """`= ANY(array)`: one statement and one plan, whatever the number of values."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


@asynccontextmanager
async def refusals() -> AsyncIterator[None]:
    """Converts refusals of a value, by the database or its driver, to Unstorable."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if sqlstate(error).startswith(_REFUSALS):
            raise Unstorable from error
        raise
    except UnicodeEncodeError as error:
        raise Unstorable from error
