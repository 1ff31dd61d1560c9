"""JSON documents as literals: whatever a value contains, PostgreSQL reads the same value and nothing else."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.shared.errors import InvalidInput
from infra.db.quoting import quoted_json
from tests.examples import share_of
from tests.servers import driver_url

ODD = [
    "'",
    "\\",
    "\\'",
    "''",
    "$$",
    "$function$",
    "--",
    "/*",
    ";",
    "COMMIT",
    "\n",
    "\t",
    "\x7f",
    "é",
    "𝕏",
    '"',
    "{}",
    "E'",
]
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.lists(st.sampled_from(ODD)).map("".join)
)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=32))
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


@pytest.fixture(scope="module", params=["on", "off"])
async def connection(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection for both meanings of a backslash in plain literals."""
    connection = await asyncpg.connect(
        driver_url(database_url),
        server_settings={"standard_conforming_strings": request.param, "escape_string_warning": "off"},
    )
    await connection.execute("CREATE TEMPORARY TABLE kept (document jsonb)")
    yield connection
    await connection.close()


async def read(connection: "asyncpg.Connection[Any]", value: Any) -> Any:
    """The value as PostgreSQL reads it from a message with several statements."""
    await connection.execute(f"TRUNCATE kept; INSERT INTO kept VALUES ({quoted_json(value)}); SELECT 1")
    [[document]] = await connection.fetch("SELECT document::text FROM kept")
    return orjson.loads(document)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


@settings(max_examples=share_of(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(value=DOCUMENTS)
@example(value="'); DROP TABLE kept; --")
@example(value="\\'); DROP TABLE kept; --")
@example(value={"\\": ["\\\\'", "$$", "\\u0041", "\\x41", "E'\\'"]})
async def test_any_document_is_read_as_it_was(connection: "asyncpg.Connection[Any]", value: Any) -> None:
    assert equal(await read(connection, value), value)


@pytest.mark.parametrize(
    "value",
    ["'\\" * 500_000, "é𝕏" * 200_000, {"n": [2**63 - 1, -(2**63), 0.1, 1e300]}, datetime(2026, 1, 2, 3, 4, 5, 6, UTC)],
    ids=["quotes", "long characters", "numbers", "moment"],
)
async def test_extreme_values_are_read_as_they_were(connection: "asyncpg.Connection[Any]", value: Any) -> None:
    assert equal(await read(connection, value), orjson.loads(orjson.dumps(value)))


async def test_a_deep_document_is_read_as_it_was(connection: "asyncpg.Connection[Any]") -> None:
    value: Any = "'\\"
    for _ in range(100):
        value = {"'": [value]}
    assert await read(connection, value) == value


async def test_nul_is_refused_by_the_database(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.DataError) as refusal:
        await read(connection, "a\0b")
    assert refusal.value.sqlstate.startswith("22")
    assert await asyncio.wait_for(read(connection, "after it"), 10) == "after it"


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, 2**64])
def test_what_json_cannot_hold_is_invalid_input(value: Any) -> None:
    with pytest.raises(InvalidInput):
        quoted_json(value)


def test_an_object_of_ours_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="serializable"):
        quoted_json([object()])
