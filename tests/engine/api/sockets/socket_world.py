"""A small schema behind the real socket endpoint, with an identity that tests can change while sockets are open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import strawberry

from api.graphql.admission import Admission
from api.graphql.documents import DocumentCache
from api.graphql.runner import OperationRunner
from api.graphql.spending import Meter
from api.graphql.trusted import TrustedDocuments
from api.shared.context import Context
from api.sockets.endpoint import graphql_sockets
from domain.accounts.model import SignedIn
from domain.shared.actor import Actor, ClientInfo, Role
from domain.shared.errors import NotFound, Unauthenticated
from infra.db.usage import RequestUsage
from infra.limits.budget import LocalBudget
from infra.limits.time_budget import LocalTimeBudget
from infra.shared.clock import SystemClock
from tests import api_defaults, defaults, execution_modes
from tests.engine.api.http.http_world import MemoryDocuments
from tests.factories.accounts import UserFactory
from tests.patience import PATIENCE

WORKSPACE = "wsp_1"
SECRET = "password in an exception's text"


class FixedClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 5, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@dataclass
class ChangeableAuth:
    """Tokens are names of actors; `failure` is what the next checks raise."""

    actors: dict[str, SignedIn] = field(default_factory=dict)
    failure: Exception | None = None
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: bool = False

    async def authenticate(self, token: str, *, client: ClientInfo | None = None) -> SignedIn:
        if self.failure is not None:
            raise self.failure
        if token not in self.actors:
            raise Unauthenticated("This token is not valid.")
        return self.actors[token]

    def recall(self, token: str, *, client: ClientInfo | None = None) -> None:
        """Remembers no actor."""

    async def reload_actor(self, actor: Actor) -> Actor:
        self.checked.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        for present in self.actors.values():
            if present.session_id == actor.session_id:
                return present.without_request_data()
        raise Unauthenticated("This session has ended.")


@dataclass
class SmallApp:
    auth: ChangeableAuth = field(default_factory=ChangeableAuth)
    clock: FixedClock = field(default_factory=FixedClock)
    feed: "Feed" = field(default_factory=lambda: Feed())
    scopes: int = 0
    budget: Any = field(default_factory=lambda: LocalBudget(SystemClock()))
    documents: Any = field(default_factory=MemoryDocuments)
    open_scopes: int = 0
    time_budget: Any = field(default_factory=lambda: LocalTimeBudget(defaults.time()))
    usage: Any = RequestUsage

    @asynccontextmanager
    async def reads(self, *, is_current: bool = False) -> AsyncIterator[Any]:
        self.scopes += 1
        self.open_scopes += 1
        try:
            yield SimpleNamespace(rows_read=0)
        finally:
            self.open_scopes -= 1


class Feed:
    """An event source that counts what was taken from it and who listens."""

    def __init__(self) -> None:
        self.produced = 0
        self.closing_seconds = 0.0
        self.listeners = 0
        self.silence = asyncio.Event()
        self.queue: asyncio.Queue[int | Exception] = asyncio.Queue()

    async def endless(self, size: int) -> AsyncIterator[str]:
        async with self._listening():
            while True:
                self.produced += 1
                yield "x" * size

    async def follow(self) -> AsyncIterator[int]:
        async with self._listening():
            while True:
                event = await self.queue.get()
                if isinstance(event, Exception):
                    raise event
                yield event

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        self.listeners += 1
        self.silence.clear()
        try:
            yield
        finally:
            await asyncio.sleep(self.closing_seconds)  # to close is work, and nobody may interrupt it
            self.listeners -= 1
            if not self.listeners:
                self.silence.set()


Info = strawberry.Info[Context, None]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def role(self, info: Info) -> str:
        return str(info.context.actor.roles.get(WORKSPACE))

    @strawberry.field
    def knows_account(self, info: Info) -> bool:
        return isinstance(info.context.actor, SignedIn)

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    async def never(self) -> str:
        await asyncio.Event().wait()
        return ""

    @strawberry.field
    def deep(self) -> "Query":
        return Query()


touched: list[str] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self) -> str:
        touched.append("touched")
        return "touched"


@strawberry.type
class Event:
    number: int

    @strawberry.field
    def role(self, info: Info) -> str:
        """Role of the actor at the time of this event."""
        return str(info.context.actor.roles.get(WORKSPACE))

    @strawberry.field
    def cached(self, info: Info) -> int:
        """Number of reads of this field with these loaders; always 1 if each event has loaders of its own."""
        info.context.loaders["count"] = info.context.loaders.get("count", 0) + 1
        return info.context.loaders["count"]

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    async def never(self) -> str | None:
        await asyncio.Event().wait()


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def follow(self, info: Info) -> AsyncIterator[Event]:
        async for number in info.context.app.feed.follow():
            yield Event(number=number)

    @strawberry.subscription
    async def endless(self, info: Info, size: int = 100) -> AsyncIterator[str]:
        async for text in info.context.app.feed.endless(size):
            yield text

    @strawberry.subscription
    async def hidden(self) -> AsyncIterator[int]:
        raise NotFound("There is no such workspace.", path=("workspace",))
        yield 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)


class World:
    """Application, options and runner behind a socket endpoint."""

    def __init__(self, *, request_seconds: float = 10, is_development: bool = False, **limits: Any) -> None:
        self.app = SmallApp()
        self.clock = self.app.clock
        options = api_defaults.http(
            public_url="https://tracker.example",
            allowed_origins=("http://app.example:3000",),
            is_development=is_development,
            limits=api_defaults.limits(depth=5),
            request_seconds=request_seconds,
            sockets=api_defaults.sockets(**limits),
        )
        self.options = options.sockets
        runner = OperationRunner(SCHEMA, execution_modes.options(), hides_suggestions=False)
        documents = DocumentCache(SCHEMA._schema, options.limits)
        app: Any = self.app
        trusted = TrustedDocuments(app.documents, are_trusted_only=options.are_trusted_only)
        meter = Meter(app.budget, app.time_budget, app.usage, options.cost, most_points=options.limits.cost)
        admission = Admission(runner, documents, trusted, meter, is_introspection_open=options.is_development)
        self.endpoint = graphql_sockets(app, runner, admission, meter, options)
        self.registry = self.endpoint.registry
        for name in ("ada", "bob"):
            self.sign_in(name)

    def sign_in(self, name: str, *, minutes: float = 15) -> None:
        self.app.auth.actors[name] = SignedIn(
            account=UserFactory(id=f"usr_{name}"),
            user_id=f"usr_{name}",
            session_id=f"ses_{name}",
            expires_at=self.clock.now() + timedelta(minutes=minutes),
            roles={WORKSPACE: Role.MEMBER},
        )

    def make(self, name: str, role: Role) -> None:
        self.app.auth.actors[name] = replace(self.app.auth.actors[name], roles={WORKSPACE: role})

    async def checked_again(self) -> None:
        """Waits until the sessions of open sockets have been checked once more, from start to end."""
        async with asyncio.timeout(PATIENCE):
            for _ in range(2):
                self.app.auth.checked.clear()
                await self.app.auth.checked.wait()
