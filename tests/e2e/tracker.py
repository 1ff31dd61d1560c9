"""A whole server with the demo workspace, which can be stopped and started, and whose talk of tokens is heard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from socket import create_server, socket
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.main import build
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from infra.settings import Settings
from tests.e2e.loopback import new_listener, served

SECONDS = 60
SIGN_IN = {"grant_type": "password", "username": DEMO_EMAIL, "password": DEMO_PASSWORD}
PROJECT = "query($slug: String!) { workspace(slug: $slug) { projects(first: 1) { nodes { id } } } }"
CREATE = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { revision errors { message } } }"


@dataclass
class Traffic:
    """Grants and tokens that browsers and the server have exchanged; tokens in `spoiled` arrive broken."""

    grants: list[str] = field(default_factory=list)
    issued: list[Mapping[str, Any]] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)

    @property
    def tokens(self) -> set[str]:
        return {each[name] for each in self.issued for name in ("access_token", "refresh_token")}

    def spoil(self) -> None:
        """Makes the server refuse the newest access token from now on."""
        self.spoiled.add(self.issued[-1]["access_token"])


class Witness:
    """ASGI middleware that keeps the traffic with browsers."""

    def __init__(self, app: ASGIApp, *, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and headers.get(b"user-agent", b"").startswith(b"Mozilla/"):
            scope["headers"] = [(name, self._passed_on(name, value)) for name, value in scope["headers"]]
            if scope["path"] == "/auth/token":
                receive, send = self._noted(receive), self._told(send)
        await self._app(scope, receive, send)

    def _passed_on(self, name: bytes, value: bytes) -> bytes:
        is_spoiled = name == b"authorization" and value.decode().removeprefix("Bearer ") in self._traffic.spoiled
        return value + b"x" if is_spoiled else value

    def _noted(self, receive: Receive) -> Receive:
        async def note() -> Message:
            message = await receive()
            self._traffic.grants += parse_qs(message.get("body", b"").decode()).get("grant_type", [])
            return message

        return note

    def _told(self, send: Send) -> Send:
        async def tell(message: Message) -> None:
            answer = orjson.loads(message["body"]) if message.get("body") else {}
            if "access_token" in answer:
                self._traffic.issued.append(answer)
            await send(message)

        return tell


class Tracker:
    """Server that tests can stop and start. `access_life` may be shorter than any lifetime that can be configured."""

    def __init__(self, settings: Settings, *, access_life: timedelta | None = None) -> None:
        self.traffic = Traffic()
        self.app: FastAPI
        self._settings = settings
        self._access_life = access_life
        self._up = AsyncExitStack()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._settings.port}"

    async def start(self, listener: socket | None = None) -> None:
        app = build(self._settings)
        app.add_middleware(Witness, traffic=self.traffic)
        listener = listener or create_server(("127.0.0.1", self._settings.port))
        await self._up.enter_async_context(served(app, listener))
        self.app = app
        if self._access_life is not None:
            auth = app.state.app.auth
            auth.options = replace(auth.options, access_life=self._access_life)

    async def stop(self) -> None:
        await self._up.aclose()

    async def seed(self, *, size: int) -> None:
        order = SeedOrder(size=size, owner_password=DEMO_PASSWORD)
        await self.app.state.app.seed.seed(Actor.system(cause=Cause.SEED), order)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """HTTP client of another session, signed in as the demo user."""
        async with httpx.AsyncClient(base_url=self.address, timeout=SECONDS) as client:
            token = (await client.post("/auth/token", data=SIGN_IN)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client

    async def change(self) -> int:
        """Creates an issue in another session and returns the revision of the change."""
        async with self.client() as client:
            found = await asked(client, PROJECT, {"slug": DEMO_SLUG})
            [project] = found["workspace"]["projects"]["nodes"]
            made = await asked(client, CREATE, {"input": {"projectId": project["id"], "title": "From elsewhere"}})
            return int(made["issueCreate"]["revision"])


@asynccontextmanager
async def running_tracker(
    settings: Settings, *, seeded: int, access_life: timedelta | None = None
) -> AsyncIterator[Tracker]:
    listener = new_listener()
    own = settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"})
    tracker = Tracker(own, access_life=access_life)
    await tracker.start(listener)
    try:
        await tracker.seed(size=seeded)
        yield tracker
    finally:
        await tracker.stop()


async def asked(client: httpx.AsyncClient, query: str, variables: Mapping[str, Any]) -> Any:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]
