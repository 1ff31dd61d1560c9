"""The application of the small world behind the real endpoint, with the owner or another user signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from api.app import create_app
from api.http.options import HttpOptions
from domain.app import App
from domain.shared.actor import Actor, ClientInfo
from domain.shared.budget import Budget
from tests.worlds import TwoWorkspaces


@dataclass(frozen=True)
class OnePerson:
    """Takes every token for that of one actor."""

    actor: Actor

    async def authenticate(self, token: str, *, client: ClientInfo | None = None) -> Actor:
        return self.actor

    def recall(self, token: str, *, client: ClientInfo | None = None) -> None:
        """Remembers no actor."""


@asynccontextmanager
async def served(
    world: TwoWorkspaces[Any], options: HttpOptions, *, actor: Actor | None = None, budget: Budget | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    auth: Any = OnePerson(actor or world.owner.actor)

    @asynccontextmanager
    async def opened() -> AsyncIterator[App]:
        # Not `replace`, which needs the attributes of all slices of this repository.
        yield App(**vars(world.app) | {"auth": auth, "budget": budget or world.app.budget})

    app = create_app(opened, options, schema=world.schema, routers=())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers={"Authorization": "Bearer token"}
        ) as client,
    ):
        yield client
