"""Processes of the server as it is built, each with an application of its own, on one database and one Redis."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.main import http_options, routers
from api.schema import SlicedSchema
from api.shared.slices import ApiSlice
from domain.app import App
from infra.bootstrap import open_app
from infra.parts import SliceAdapters
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.sample.application import ADAPTERS_OF_SAMPLE, SCHEMA, SLICES_OF_SAMPLE


@dataclass(frozen=True, kw_only=True)
class Process:
    url: str
    app: App
    served: FastAPI
    http: httpx.AsyncClient
    remembers: bool
    """Whether the process remembers sessions."""

    async def sign_in(self, email: str) -> dict[str, str]:
        form = {"grant_type": "password", "username": email, "password": PASSWORD}
        answer = await self.http.post("/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens

    async def graphql(self, token: str, query: str, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})

    async def data(self, token: str, query: str, **variables: Any) -> Any:
        """`data` of the answer, which must have no errors."""
        content = (await self.graphql(token, query, **variables)).json()
        assert "errors" not in content, content
        return content["data"]

    async def me(self, token: str | bytes) -> httpx.Response:
        value = token if isinstance(token, bytes) else token.encode("ascii")
        return await self.http.get("/auth/me", headers={b"Authorization": b"Bearer " + value})


@asynccontextmanager
async def open_process(
    settings: Settings,
    *,
    recheck_seconds: float,
    adapters: Sequence[SliceAdapters] = ADAPTERS_OF_SAMPLE,
    slices: Sequence[ApiSlice] = SLICES_OF_SAMPLE,
    schema: SlicedSchema = SCHEMA,
) -> AsyncIterator[Process]:
    """A process with the application of these slices, that of the sample by default."""
    options = http_options(settings)
    options = replace(options, sockets=replace(options.sockets, recheck_seconds=recheck_seconds))
    async with open_app(settings, adapters, remembers=True) as app:

        @asynccontextmanager
        async def opened() -> AsyncIterator[App]:
            yield app

        served = create_app(opened, options, schema=schema, routers=routers(settings, slices))
        transport = httpx.ASGITransport(served)
        async with (
            served.router.lifespan_context(served),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
        ):
            url, remembers = settings.database_url.get_secret_value(), bool(settings.session_memory_seconds)
            yield Process(url=url, app=app, served=served, http=http, remembers=remembers)
