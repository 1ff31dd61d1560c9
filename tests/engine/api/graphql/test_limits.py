"""Every limit of a GraphQL request holds at n and not at one more, over HTTP and over sockets."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from api.graphql.options import QueryLimits
from tests import api_defaults
from tests.engine.api.graphql.test_documents import CASES as DOCUMENT_CASES
from tests.engine.api.graphql.test_documents import only
from tests.engine.api.http.both_transports import TRANSPORTS, calling
from tests.engine.api.http.http_world import World
from tests.work import counted_calls

REFUSAL_CALLS = 15_000  # a request that passes takes up to 65,000

Request = dict[str, Any]


def _list_variable(items: int) -> Request:
    return {"query": "query($n: [Int!]!) { numbers(numbers: $n) }", "variables": {"n": [1] * items}}


def _deep_variable(depth: int) -> Request:
    value: Any = 1
    for _ in range(depth):
        value = {"inner": value}
    return {"query": "{ __typename }", "variables": {"unused": value}}


def _objects(count: int) -> Request:
    return {"query": "{" + "".join(f"a{number}:item{{name}}" for number in range(count)) + "}"}


def _pairs(fields: int) -> Request:
    return {"query": "{ item { " + "name " * fields + "} }"}


CASES: dict[str, tuple[str, str, int, int, Callable[[int], Request]]] = {
    name: (limit, code, most, most + 1, lambda n, make=make: {"query": make(n)})
    for name, (limit, code, most, make) in DOCUMENT_CASES.items()
} | {
    "cost": (
        "cost",
        "COST_LIMIT",
        30,
        31,
        lambda n: {"query": "{" + "".join(f"a{i}:item{{name}}" for i in range(n)) + "}"},
    ),
    "cost, nested": ("cost", "COST_LIMIT", 10, 11, lambda n: {"query": "{" + "item{" * n + "name" + "}" * n + "}"}),
    "list items of variables": ("list_items", "LIST_ITEMS_LIMIT", 250, 251, _list_variable),
    "depth of variables": ("variables_depth", "VARIABLES_DEPTH_LIMIT", 20, 21, _deep_variable),
    "pairs of fields": ("overlaps", "OVERLAPS_LIMIT", 5, 6, _pairs),
}
"""Name -> the limit, its code, how much passes, how much does not, and a request that has so much."""

LIMIT_OF = {"pairs of fields": 10}
"""Name -> the limit, if it differs from the number in the request: 5 fields with one name form 10 pairs."""


def test_every_limit_has_a_case() -> None:
    assert {case[0] for case in CASES.values()} == {field.name for field in fields(QueryLimits)}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", CASES)
async def test_so_much_passes_and_one_more_is_refused_at_once(name: str, transport: str) -> None:
    field, code, passing, failing, request = CASES[name]
    limit = LIMIT_OF.get(name, passing)
    options = api_defaults.http(limits=only(**{field: limit}))
    async with calling(World(), transport, options) as caller:
        assert code not in await caller.codes(**request(passing))
        work = []
        for _ in range(3):
            with counted_calls() as calls:
                answer = await caller.ask(**request(failing))
            work.append(calls.count)
            (error,) = answer["errors"]
            assert (error["extensions"]["code"], error["extensions"]["limit"]) == (code, limit)
            assert str(limit) in error["message"]
            assert "data" not in answer
    assert min(work) < REFUSAL_CALLS
