"""The pages to sign up and to reset a password: each leads onward, and says its rules before it refuses."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.main import build
from infra.settings import Settings

LINK = re.compile(r'<a href="([^"]*)">')
PRODUCTION = {
    "environment": "production",
    "public_url": "https://tracker.example.org",
    "mailbox": "off",
    "smtp_url": "smtp://127.0.0.1:1",
}


@asynccontextmanager
async def visiting(settings: Settings, **values: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings.replaced(**values)
    app = build(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=settings.issuer) as client,
    ):
        yield client


async def ways(client: httpx.AsyncClient, path: str) -> tuple[list[str], list[str]]:
    """Target of the form and the step that follows."""
    form = await client.get(path)
    done = await client.post(f"{path}/form", data={"email": "ann@example.org"})
    assert done.status_code == 200, done.text
    return LINK.findall(form.text), LINK.findall(done.text)


async def test_pages_lead_onward_and_to_the_mail_of_a_development_server(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with visiting(settings) as client:
        assert await ways(client, "/auth/register") == (["/graphiql", "/auth/password/forgot"], ["/dev/mail"])
        assert await ways(client, "/auth/password/forgot") == (["/graphiql", "/auth/register"], ["/dev/mail"])
        assert LINK.findall((await client.get("/auth/invitation")).text) == ["/graphiql"]


async def test_pages_lead_to_nothing_that_is_not_served(database: str, redis_database: str, settings: Settings) -> None:
    async with visiting(settings, **PRODUCTION, explorer="off") as client:
        assert await ways(client, "/auth/register") == (["/auth/password/forgot"], [])


@pytest.mark.parametrize("path", ["/auth/verify", "/auth/password/reset", "/auth/invitation"])
async def test_the_form_shows_the_password_rule(
    database: str, redis_database: str, settings: Settings, path: str
) -> None:
    async with visiting(settings, password_characters=17) as client:
        page = await client.get(path)
        assert page.text.count('aria-describedby="password-hint"') == 1
        assert '<small id="password-hint">At least 17 characters. ' in page.text
