"""Credentials for programs, handed out by the explorer: each works once copied, and none is stored in the browser."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.shared.demo import DEMO_EMAIL
from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import Explorer, opened_explorer

pytestmark = needs_browser

PANEL = "document.querySelector('.panel.copy')"
FORM = f"{PANEL}.querySelector('form')"
KEY = f"{PANEL}.querySelector('pre[aria-label=\"API key\"]')"
SAID = f"({PANEL}.querySelector('form [role=alert]')?.innerText ?? '')"
VIEWER = "{ viewer { email } }"
CREATE = 'mutation { workspaceCreate(input: { name: "X", slug: "x" }) { errors { code } } }'


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await opened.page.call("Browser.grantPermissions", origin=opened.address, permissions=permissions)
        await opened.sign_in()
        await opened.open_panel("Copy as")
        yield opened


async def press(explorer: Explorer, label: str) -> None:
    button = f"[...{PANEL}.querySelectorAll('button')].find((each) => each.innerText === {label!r})"
    await explorer.page.call("Page.bringToFront")
    await explorer.page.until(f"{button} !== undefined")
    await explorer.page.run(f"{button}.click()")


async def asked(explorer: Explorer, token: str, query: str) -> Any:
    async with httpx.AsyncClient(base_url=explorer.address, timeout=20) as client:
        answer = await client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
        return answer.json()


async def test_the_access_token_is_copied_and_works(explorer: Explorer) -> None:
    page = explorer.page
    await press(explorer, "Copy access token")
    await page.until(f"{PANEL}.innerText.includes('Copied; valid until ')")
    token = await page.run("navigator.clipboard.readText()")
    assert token == explorer.tracker.traffic.issued[-1]["access_token"]
    assert (await asked(explorer, token, VIEWER))["data"] == {"viewer": {"email": DEMO_EMAIL}}
    assert token not in await explorer.stored()
    assert page.problems == []


async def test_a_key_is_created_with_its_name_and_scope_and_shown_once(explorer: Explorer) -> None:
    page = explorer.page
    await page.run(f"{FORM}.elements.name.focus()")
    await page.call("Input.insertText", text="Reports")
    await press(explorer, "Create API key")
    await page.until(f"{KEY} !== null")
    await press(explorer, "Copy API key")
    await page.until(f"{PANEL}.querySelector('.made').innerText.includes('Copied')")
    key = await page.run("navigator.clipboard.readText()")
    assert key == await page.run(f"{KEY}.innerText")

    assert (await asked(explorer, key, VIEWER))["data"] == {"viewer": {"email": DEMO_EMAIL}}
    refused = await asked(explorer, key, CREATE)
    assert refused["data"]["workspaceCreate"]["errors"] == [{"code": "INSUFFICIENT_SCOPE"}], "it may only read"

    async with explorer.tracker.client() as client:
        listed = (await client.post("/graphql", json={"query": "{ viewer { apiKeys { name scopes hint } } }"})).json()
    assert listed["data"]["viewer"]["apiKeys"] == [{"name": "Reports", "scopes": ["READ"], "hint": key[-4:]}]

    await explorer.open_panel("Cost")
    await explorer.open_panel("Copy as")
    assert await page.run(KEY) is None
    assert key not in await explorer.stored()
    assert key not in await page.run("document.documentElement.outerHTML")
    assert page.problems == []


async def test_a_refused_api_key_is_reported_and_not_created(explorer: Explorer) -> None:
    page = explorer.page
    await page.run(f"{FORM}.elements.name.focus()")
    await page.call("Input.insertText", text="   ")
    await press(explorer, "Create API key")
    await page.until(f"{SAID} !== ''")
    assert await page.run(KEY) is None
    assert page.problems == []
