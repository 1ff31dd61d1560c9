"""A sample of what Strawberry's own tests check, with stock and with compiled execution."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.types.unset import UNSET

from strawberry_compiled import CompiledExecutor, fallbacks

T = TypeVar("T")
EVERY = pytest.mark.parametrize("executor", [None, CompiledExecutor], ids=["stock", "compiled"])


@strawberry.enum
class Flavor(Enum):
    VANILLA = "vanilla"
    HONEY = strawberry.enum_value("honey", name="SWEET")


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Cat(Node):
    lives: int = 9


@strawberry.type
class Dog(Node):
    @strawberry.field
    def barks(self, times: int = 1, loud: bool | None = None) -> str:
        word = "WUFF" if loud else "wuff"
        return " ".join([word] * times)


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Secret:
    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, CastSource)

    word: str


@dataclass
class CastSource:
    word: str


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]


@strawberry.input
class Filter:
    name: str
    flavor: Flavor = Flavor.VANILLA
    since: date | None = UNSET
    nested: list["Filter"] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    flavor: Flavor = Flavor.HONEY
    price: Decimal = Decimal("1.50")

    @strawberry.field
    def nodes(self) -> list[Node]:
        return [Cat(id=strawberry.ID("c")), Dog(id=strawberry.ID("d"))]

    @strawberry.field
    def pets(self) -> list[Pet]:
        return [Dog(id=strawberry.ID("d")), Cat(id=strawberry.ID("c"), lives=7)]

    @strawberry.field
    def wrong_pet(self) -> Pet | None:
        return Secret(word="none")  # type: ignore[return-value]

    @strawberry.field
    def edges(self) -> list[Edge[Cat]]:
        return [Edge(node=Cat(id=strawberry.ID("c")), cursor="x")]

    @strawberry.field
    def secret(self) -> Secret:
        return CastSource("hidden")  # type: ignore[return-value]

    @strawberry.field
    def cast(self) -> Pet:
        return strawberry.cast(Cat, Animal("a"))  # type: ignore[return-value]

    @strawberry.field
    def described(self, filter: Filter) -> str:
        return f"{filter.name} {filter.flavor.name} {filter.since is UNSET} {[each.name for each in filter.nested]}"

    @strawberry.field
    async def slow(self, seconds: float = 0) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @strawberry.field
    async def nested(self) -> "Query":
        await asyncio.sleep(0)
        return Query()

    @strawberry.field
    def fails(self) -> str | None:
        raise GraphQLError("refused", extensions={"code": "REFUSED"})

    @strawberry.field
    def must(self) -> str:
        raise ValueError("broken")


class Animal:
    lives = 3

    def __init__(self, id: str) -> None:
        self.id = id


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add(self, info: strawberry.Info, number: int) -> list[int]:
        await asyncio.sleep(0.001 / number)
        info.context.append(number)
        return list(info.context)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, up_to: int) -> AsyncIterator[int]:
        for number in range(up_to):
            yield number
        raise ValueError("no more")


def schema_of(executor: Any) -> strawberry.Schema:
    types = [Secret]
    return strawberry.Schema(Query, Mutation, Subscription, types=types, execution_context_class=executor)


CASES: dict[str, Any] = {
    "{ flavor price }": {"flavor": "SWEET", "price": "1.50"},
    "{ nodes { __typename id ... on Cat { lives } ... on Dog { barks(times: 2) } } }": {
        "nodes": [
            {"__typename": "Cat", "id": "c", "lives": 9},
            {"__typename": "Dog", "id": "d", "barks": "wuff wuff"},
        ]
    },
    "{ pets { ...P } } fragment P on Pet { ... on Node { id } ... on Dog { barks(loud: true) } }": {
        "pets": [{"id": "d", "barks": "WUFF"}, {"id": "c"}]
    },
    "{ edges { cursor node { lives } } }": {"edges": [{"cursor": "x", "node": {"lives": 9}}]},
    "{ secret { word } }": {"secret": {"word": "hidden"}},
    "{ cast { ... on Cat { id lives } } }": {"cast": {"id": "a", "lives": 3}},
    '{ described(filter: {name: "n", flavor: SWEET, nested: [{name: "m"}]}) }': {"described": "n HONEY True ['m']"},
    '{ described(filter: {name: "n", since: null}) }': {"described": "n VANILLA False []"},
    "{ slow(seconds: 0.001) nested { nested { flavor again: flavor } } }": {
        "slow": "done",
        "nested": {"nested": {"flavor": "SWEET", "again": "SWEET"}},
    },
    "query ($no: Boolean = false) { flavor @include(if: $no) price @skip(if: $no) }": {"price": "1.50"},
}


@EVERY
@pytest.mark.parametrize("query", CASES)
async def test_data(executor: Any, query: str) -> None:
    fallbacks.clear()
    result = await schema_of(executor).execute(query, root_value=Query())
    assert (result.data, result.errors) == (CASES[query], None)
    assert not fallbacks


@EVERY
async def test_errors(executor: Any) -> None:
    schema = schema_of(executor)
    refused = await schema.execute("{ fails flavor }", root_value=Query())
    assert refused.data == {"fails": None, "flavor": "SWEET"}
    assert [(error.message, error.path, error.extensions) for error in refused.errors or ()] == [
        ("refused", ["fails"], {"code": "REFUSED"})
    ]
    broken = await schema.execute("{ nested { must } }", root_value=Query())
    assert broken.data is None
    assert [(error.message, error.path) for error in broken.errors or ()] == [("broken", ["nested", "must"])]
    wrong = await schema.execute("{ wrongPet { __typename } }", root_value=Query())
    assert wrong.data == {"wrongPet": None}
    assert [error.path for error in wrong.errors or ()] == [["wrongPet"]]


@EVERY
async def test_mutations_run_one_after_the_other(executor: Any) -> None:
    context: list[int] = []
    result = await schema_of(executor).execute(
        "mutation { a: add(number: 1) b: add(number: 9) }", context_value=context
    )
    assert result.data == {"a": [1], "b": [1, 9]}


@EVERY
async def test_subscriptions(executor: Any) -> None:
    stream = await schema_of(executor).subscribe("subscription { count(upTo: 2) }")
    results = [result async for result in stream]
    assert [result.data for result in results] == [{"count": 0}, {"count": 1}, None]
    assert [error.message for error in results[-1].errors or ()] == ["no more"]
