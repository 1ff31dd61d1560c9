"""Compiled execution in the places where applications call Strawberry, and with its extensions."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import strawberry
from fastapi import FastAPI
from strawberry.asgi import GraphQL
from strawberry.extensions import (
    FieldExtension,
    MaskErrors,
    MaxAliasesLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)
from strawberry.fastapi import GraphQLRouter
from strawberry.permission import BasePermission

from strawberry_compiled import CompiledExecutor, explain, fallbacks, related

QUERY = "{ books { title author { name } } }"
BOOKS = {"books": [{"title": "Emma", "author": {"name": "Jane"}}, {"title": "Persuasion", "author": {"name": "Jane"}}]}
runs: list[str] = []


class ObservedExecutor(CompiledExecutor):
    """Notes whether a plan executed the operation."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        result = super().execute_operation(serially)
        runs.append("plan" if self.plan is not None else "graphql-core")
        return result


async def find_authors(info: strawberry.Info, keys: Any) -> dict[int, "Author"]:
    return {key: Author(name="Jane") for key in keys}


@strawberry.type
class Author:
    name: str


@strawberry.type
class Book:
    title: str
    author_id: strawberry.Private[int]
    author: Author = related("author_id", find_authors, graphql_type=Author, description="Author of the book.")


def resolve_books() -> list[Book]:
    return [Book(title=title, author_id=1) for title in ("Emma", "Persuasion")]


class Allowed(BasePermission):
    def has_permission(self, source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        return True


class Loud(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        return next_(source, info, **arguments).upper()


@strawberry.type
class Query:
    books: list[Book] = strawberry.field(resolver=resolve_books)

    @strawberry.field
    def word(self) -> str:
        return "x"

    @strawberry.field(permission_classes=[Allowed])
    def guarded(self) -> str:
        return "secret"

    @strawberry.field(extensions=[Loud()])
    def loud(self) -> str:
        return "hello"

    @strawberry.field
    def fails(self) -> str | None:
        raise ValueError("private detail")


@pytest.fixture(autouse=True)
def observed() -> Iterator[None]:
    runs.clear()
    fallbacks.clear()
    yield
    fallbacks.clear()


def schema_with(*extensions: Any) -> strawberry.Schema:
    return strawberry.Schema(Query, extensions=list(extensions), execution_context_class=ObservedExecutor)


async def posted(app: Any, path: str, query: str = QUERY) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.post(path, json={"query": query})
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_router_of_fastapi() -> None:
    app = FastAPI()
    app.include_router(GraphQLRouter[Any, Any](schema_with(ParserCache, ValidationCache)), prefix="/graphql")
    assert await posted(app, "/graphql") == {"data": BOOKS}
    assert await posted(app, "/graphql") == {"data": BOOKS}
    assert runs == ["plan", "plan"]


async def test_the_asgi_application() -> None:
    assert await posted(GraphQL[Any, Any](schema_with()), "/") == {"data": BOOKS}
    assert runs == ["plan"]


async def test_execute() -> None:
    result = await schema_with().execute(QUERY, context_value={})
    assert (result.data, result.errors, runs) == (BOOKS, None, ["plan"])


async def test_batch_fields_say_that_they_need_a_context() -> None:
    result = await schema_with().execute(QUERY)
    assert result.errors is not None
    assert "Pass a `context_value`" in result.errors[0].message


def test_execute_sync() -> None:
    result = schema_with().execute_sync("{ word }")
    assert (result.data, result.errors, runs) == ({"word": "x"}, None, ["plan"])


@pytest.mark.parametrize(
    "extension",
    [
        ParserCache,
        ValidationCache,
        MaskErrors,
        lambda: QueryDepthLimiter(max_depth=10),
        lambda: MaxAliasesLimiter(max_alias_count=3),
    ],
    ids=["ParserCache", "ValidationCache", "MaskErrors", "QueryDepthLimiter", "MaxAliasesLimiter"],
)
async def test_extensions_of_strawberry_without_a_resolve_hook(extension: Any) -> None:
    result = await schema_with(extension).execute(QUERY, context_value={})
    assert (result.data, result.errors, runs) == (BOOKS, None, ["plan"])


async def test_an_extension_changes_errors_of_compiled_operations() -> None:
    result = await schema_with(MaskErrors).execute("{ fails }")
    assert result.errors is not None
    assert [error.message for error in result.errors] == ["Unexpected error."]
    assert runs == ["plan"]


async def test_all_steps_of_an_extension_run_around_a_compiled_operation() -> None:
    steps: list[str] = []

    class Steps(SchemaExtension):
        def on_operation(self) -> Iterator[None]:
            steps.append("operation")
            yield
            steps.append(f"{self.execution_context.result.data}")  # type: ignore[union-attr]

        def on_validate(self) -> Iterator[None]:
            steps.append("validate")
            yield

        def on_execute(self) -> Iterator[None]:
            steps.append("execute")
            yield

        def get_results(self) -> dict[str, Any]:
            return {"steps": len(steps)}

    result = await schema_with(Steps).execute("{ word }")
    assert steps == ["operation", "validate", "execute", "{'word': 'x'}"]
    assert result.extensions == {"steps": 4}
    assert runs == ["plan"]


async def test_a_resolve_hook_falls_back_and_is_named_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Tracing(SchemaExtension):
        def resolve(self, next_: Callable[..., Any], root: Any, info: Any, *args: Any, **arguments: Any) -> Any:
            return next_(root, info, *args, **arguments)

    schema = schema_with(Tracing)
    with caplog.at_level(logging.DEBUG, logger="strawberry_compiled"):
        for _ in range(2):
            result = await schema.execute("{ word }")
            assert result.data == {"word": "x"}
    assert runs == ["graphql-core", "graphql-core"]
    assert fallbacks == {"resolve hook of Tracing": 2}
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("in place of compiled code: resolve hook of Tracing")


async def test_introspection_falls_back_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="strawberry_compiled"):
        result = await schema_with().execute("{ __schema { queryType { name } } }")
    assert result.data == {"__schema": {"queryType": {"name": "Query"}}}
    assert (runs, caplog.records) == (["graphql-core"], [])


async def test_fields_with_permissions_and_extensions_are_left_to_graphql_core_within_a_plan() -> None:
    query = "{ word guarded loud }"
    result = await schema_with().execute(query)
    assert (result.data, runs) == ({"word": "x", "guarded": "secret", "loud": "HELLO"}, ["plan"])
    lines = explain(schema_with(), query).splitlines()
    assert lines[:4] == [
        "# query (unnamed): 3 fields",
        "# Query.guarded: resolved by graphql-core: permission classes Allowed",
        "# Query.loud: resolved by graphql-core: field extensions Loud",
        "",
    ]
    assert "def select_1_Query(run, source, path):" in lines


def test_explain_names_operations_without_a_plan_and_wants_the_variables_that_decide() -> None:
    document = "query A { __schema { queryType { name } } } query B($on: Boolean!) { word @include(if: $on) }"
    text = explain(schema_with(), document, {"on": False})
    assert "# query A: executed by graphql-core: introspection" in text
    assert "# query B: 0 fields" in text
    assert "# query B: 1 fields" in explain(schema_with(), document, {"on": True})
    with pytest.raises(Exception, match=r"Variable '\$on'"):
        explain(schema_with(), document)
    with pytest.raises(Exception, match="Cannot query field 'nothing'"):
        explain(schema_with(), "{ nothing }")


@strawberry.type
class Number:
    value: int


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def numbers(self) -> AsyncIterator[Number]:
        for number in range(2):
            yield Number(value=number)


async def test_the_events_of_subscriptions_are_compiled() -> None:
    schema = strawberry.Schema(Query, subscription=Subscription, execution_context_class=ObservedExecutor)
    stream = await schema.subscribe("subscription { numbers { value } }")
    found = [result.data async for result in stream]
    assert found == [{"numbers": {"value": 0}}, {"numbers": {"value": 1}}]
    assert runs == ["plan", "plan"]
