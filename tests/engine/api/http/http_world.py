"""A small schema behind the real HTTP endpoint."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import httpx
import strawberry
from fastapi import FastAPI

from api.app import create_app
from api.http.options import HttpOptions
from api.shared.context import Context
from domain.shared.actor import Actor, ClientInfo
from domain.shared.clock import Clock
from domain.shared.errors import InvalidInput, NotFound, RateLimited, Rejected, Unauthenticated, Unavailable
from domain.shared.health import HealthCheck
from infra.db.usage import RequestUsage, current_usage
from infra.limits.budget import LocalBudget
from infra.limits.time_budget import LocalTimeBudget
from infra.shared.clock import SystemClock
from tests import api_defaults, defaults, execution_modes

SECRET = "password in an exception's text"
TOKEN = "token-of-ada"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NEW = "application/graphql-response+json"
OLD = "application/json"

Info = strawberry.Info[Context, None]


@dataclass
class MemoryDocuments:
    texts: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    async def text(self, actor: Actor, document_id: str) -> str | None:
        self.asked += 1
        return self.texts.get(document_id)


@dataclass
class TokenAuth:
    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def authenticate(self, token: str, *, client: ClientInfo | None = None) -> Actor:
        self.asked.append(token)
        if self.failure is not None:
            raise self.failure
        if token != TOKEN:
            raise Unauthenticated("This token is not valid.")
        return Actor(user_id="usr_ada")

    def recall(self, token: str, *, client: ClientInfo | None = None) -> None:
        """Remembers no actor."""


@dataclass
class FixedHealth:
    checks: list[HealthCheck] = field(default_factory=lambda: [HealthCheck(name="database", is_ok=True)])
    hangs: bool = False

    async def check(self) -> list[HealthCheck]:
        while self.hangs:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if not self.hangs:
                    raise
        return self.checks


@dataclass
class World:
    """The application that resolvers see; it counts what happens in them."""

    auth: TokenAuth = field(default_factory=TokenAuth)
    health: FixedHealth = field(default_factory=FixedHealth)
    clock: Clock | None = None
    changes: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    canceled: asyncio.Event = field(default_factory=asyncio.Event)
    open_scopes: int = 0
    scopes: int = 0
    budget: Any = field(default_factory=lambda: LocalBudget(SystemClock()))
    documents: Any = field(default_factory=MemoryDocuments)
    statement_trace: Any = None
    time_budget: Any = field(default_factory=lambda: LocalTimeBudget(defaults.time()))
    usage: Any = RequestUsage

    @asynccontextmanager
    async def reads(self, *, is_current: bool = False) -> AsyncIterator[Any]:
        self.open_scopes += 1
        self.scopes += 1
        try:
            yield SimpleNamespace(rows_read=0)
        finally:
            self.open_scopes -= 1


def account_of_reads() -> str:
    """The account that a read of the resolver would count for."""
    usage = current_usage()
    return "none" if usage is None else usage.account


@strawberry.input(one_of=True)
class Choice:
    by_name: strawberry.Maybe[str]
    by_number: strawberry.Maybe[int]


@strawberry.input
class Form:
    title: str
    numbers: list[int] | None = None
    inner: "Form | None" = None


@strawberry.type
class Item:
    name: str

    @strawberry.field
    def item(self, number: int = 0) -> "Item":
        return Item(name=f"{self.name}.{number}")

    @strawberry.field
    def required(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    def nothing(self) -> str:
        return None  # type: ignore[return-value]  # on purpose


@strawberry.type
class Query:
    @strawberry.field
    def item(self, name: str = "a") -> Item:
        return Item(name=name)

    @strawberry.field
    def maybe_item(self) -> Item | None:
        return Item(name="maybe")

    @strawberry.field
    def viewer(self, info: Info) -> str | None:
        return info.context.actor.user_id

    @strawberry.field
    async def account(self) -> str:
        return account_of_reads()

    @strawberry.field
    def choice(self, by: Choice) -> str:
        return by.by_name.value if by.by_name else str(by.by_number)

    @strawberry.field
    def form(self, form: Form) -> str:
        return form.title

    @strawberry.field
    def numbers(self, numbers: list[int]) -> int:
        return len(numbers)

    @strawberry.field
    def failing(self, how: str) -> str | None:
        raise {
            "not found": NotFound("There is no such thing."),
            "input": InvalidInput("first must be at most 100.", path=("first_page",)),
            "rejected": Rejected((InvalidInput("One.", path=("one",)), InvalidInput("Two.", path=("two",)))),
            "unavailable": Unavailable("The database is away."),
            "crowded": RateLimited("Too many of your requests are waiting.", 3),
        }.get(how, RuntimeError(SECRET))

    @strawberry.field
    async def endless(self, info: Info) -> str:
        world: Any = info.context.app
        world.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            world.canceled.set()
        return ""


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self, info: Info) -> int:
        world: Any = info.context.app
        world.changes += 1
        return world.changes

    @strawberry.mutation
    def failing(self) -> int | None:
        raise Unavailable("The database is away.")

    @strawberry.mutation
    def crowded(self) -> int | None:
        raise RateLimited("Too many of your requests are waiting.", 3)

    @strawberry.mutation
    def failing_whole(self) -> int:
        raise Unavailable("The database is away.")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int, None]:
        yield 1

    @strawberry.subscription
    async def accounts(self) -> AsyncGenerator[str, None]:
        yield account_of_reads()


schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


def build(world: World, options: HttpOptions | None = None) -> FastAPI:
    """The application; without options it has no explorer, whose routes take half of the time to build."""

    @asynccontextmanager
    async def open_world() -> AsyncIterator[Any]:
        yield world

    options = options or api_defaults.http(explorer=None)
    if options.execution == api_defaults.execution():
        options = replace(options, execution=execution_modes.options())
    return create_app(open_world, options, schema=schema, routers=())


def running(world: World, options: HttpOptions | None = None) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client of the application inside its lifespan."""
    return client_of(build(world, options))


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


async def ask(client: httpx.AsyncClient, query: str, *, accept: str = NEW, **members: Any) -> httpx.Response:
    """A signed-in POST."""
    return await client.post("/graphql", json={"query": query, **members}, headers={**BEARER, "Accept": accept})
