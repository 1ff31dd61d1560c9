"""A small schema and store behind an OperationRunner, without HTTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import strawberry
from graphql import ExecutionResult

from api.graphql.documents import DocumentCache, Operation, Prepared
from api.graphql.options import ExecutionOptions
from api.graphql.runner import OperationRunner, graphql_schema
from api.shared.context import Context
from domain.shared.actor import Actor
from strawberry_compiled import related
from tests import api_defaults

Info = strawberry.Info[Context, None]
STOCK = api_defaults.execution(is_compiled=False)
COMPILED = api_defaults.execution(stock_runs=0)
SHADOWED = api_defaults.execution(stock_runs=0, shadow_one_in=1)
SECRET = "what nobody may log"


@dataclass
class Store:
    """The application that resolvers see; it counts what is done."""

    names: dict[str, str] = field(default_factory=lambda: {"ada": "Ada", "bob": "Bob", "held up": "Eve"})
    loads: list[tuple[str, ...]] = field(default_factory=list)
    actors: list[str | None] = field(default_factory=list)
    events: int = 2
    ticks: int = 0
    scopes: int = 0
    open_scopes: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    loading: asyncio.Event = field(default_factory=asyncio.Event)
    may_load: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def reads(self, *, is_current: bool = False) -> AsyncIterator[Any]:
        self.scopes += 1
        self.open_scopes += 1
        try:
            yield SimpleNamespace(rows_read=0)
        finally:
            self.open_scopes -= 1

    async def endless(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def people(info: Info, ids: Sequence[str]) -> "Mapping[str, Person]":
    store: Any = info.context.app
    if "endless" in ids:
        await store.endless()
    if "held up" in ids:
        store.loading.set()
        await store.may_load.wait()
    store.loads.append(tuple(ids))
    store.actors.append(info.context.actor.user_id)
    return {key: Person(id=key, name=store.names[key]) for key in ids if key in store.names}


@strawberry.type
class Person:
    id: str
    name: str


@strawberry.type
class Task:
    owner_id: strawberry.Private[str]
    title: str
    owner: Person | None = related("owner_id", people, graphql_type=Person | None, description="Who is to do it.")

    @strawberry.field
    async def late(self, info: Info) -> str:
        """Fails while an owner is being loaded, if it says so; lets the load go on, if not."""
        store: Any = info.context.app
        await store.loading.wait()
        if self.title == "failing":
            raise RuntimeError(SECRET)
        for _ in range(10):  # until all that the other failure ends has ended
            await asyncio.sleep(0)
        store.may_load.set()
        return self.title


@strawberry.type
class Query:
    @strawberry.field
    def tasks(self, owners: list[str]) -> list[Task]:
        return [Task(owner_id=owner, title=f"of {owner}") for owner in owners]

    @strawberry.field
    def maybe_tasks(self, titles: list[str], owner: str) -> list[Task | None]:
        return [Task(owner_id=owner, title=title) for title in titles]

    @strawberry.field
    def ticks(self, info: Info) -> int:
        """Another number each time."""
        store: Any = info.context.app
        store.ticks += 1
        return store.ticks

    @strawberry.field
    def failing(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    async def endless(self, info: Info) -> str:
        store: Any = info.context.app
        await store.endless()
        return ""


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, info: Info, id: str, name: str) -> Task:
        store: Any = info.context.app
        info.context.loaders.clear()  # as every mutation does
        store.names[id] = name
        return Task(owner_id=id, title="renamed")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def tasks(self, info: Info, owner: str) -> AsyncIterator[Task]:
        store: Any = info.context.app
        for number in range(store.events):
            store.names[owner] = f"{owner} {number}"
            yield Task(owner_id=owner, title=f"event {number}")


class World:
    """Operation runner with its store and its cache of documents."""

    def __init__(self, options: ExecutionOptions, *, executor: Any = None) -> None:
        self.store = Store()
        self.schema = strawberry.Schema(Query, Mutation, Subscription, execution_context_class=executor)
        self.runner = OperationRunner(self.schema, options, hides_suggestions=False)
        self.documents = DocumentCache(graphql_schema(self.schema), api_defaults.limits())
        self.counts = self.runner.counts

    def prepared(self, text: str) -> tuple[Prepared, Operation]:
        prepared = self.documents.prepare(text)
        return prepared, prepared.operation(None)

    def context(self) -> Context:
        app: Any = self.store
        return Context(app=app, actor=Actor(user_id="usr_ada"))

    async def run(self, text: str, **variables: Any) -> ExecutionResult:
        prepared, operation = self.prepared(text)
        return await self.runner.execute(prepared, operation, variables=variables, context=self.context())

    async def data(self, text: str, **variables: Any) -> Any:
        result = await self.run(text, **variables)
        assert not result.errors
        return result.data
