"""A developer's session in the explorer: shared by all tabs of the browser, over reloads, and ended by any of them."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, HAS_SCHEMA, RUN, Explorer, opened_explorer

pytestmark = needs_browser

SAID = f"({FORM}?.querySelector('[role=alert]')?.innerText ?? '')"
DEMO_BUTTON = ".panel form button[type=button]"
SIGN_OUT = f"{ACCOUNT}.parentElement.querySelector('button').click()"
STATUS = "(document.querySelector('.status')?.innerText ?? '')"
IS_SIGNED_IN = f"{STATUS}.startsWith('Demo')"
MUCH_LATER = "(() => { const later = Date.now() + 3_600_000; Date.now = () => later; })()"
STORED = "localStorage.getItem('workgraph:session')"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.page.until(f"{FORM} !== null")
        yield opened


async def stored_token(page: Page) -> str:
    token: str = json.loads(await page.run(STORED))["token"]
    return token


async def test_the_demo_account_stays_signed_in_over_reloads_and_in_new_tabs(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    for _ in range(2):
        await page.reload()
        await page.until(f"{IS_SIGNED_IN} && {HAS_SCHEMA}")
    async with page.opened_by_script(f"{explorer.address}/graphiql") as second:
        await second.until(f"{IS_SIGNED_IN} && {HAS_SCHEMA}")
        assert traffic.grants == ["password", *["refresh_token"] * 3]
        stored = await explorer.stored()
        assert [each for each in traffic.tokens if each in stored] == [traffic.issued[-1]["refresh_token"]]
        assert second.problems == []
    assert page.problems == []


async def test_the_demo_button_obeys_the_checkbox(explorer: Explorer) -> None:
    page = explorer.page
    assert await page.run(f"{FORM}.elements.kept.checked")
    assert "Stay signed in in this browser" in await page.run(f"{FORM}.innerText")
    await page.click("input[name=kept]")
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    assert await page.run(STORED) is None
    await page.reload()
    await page.until(f"{FORM} !== null")
    assert explorer.tracker.traffic.grants == ["password"]


async def test_tabs_that_renew_at_once_spend_the_token_one_after_another(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    async with (
        page.opened_by_script(f"{explorer.address}/graphiql") as second,
        page.opened_by_script(f"{explorer.address}/graphiql") as third,
    ):
        tabs = (page, second, third)
        for each in tabs:
            await each.until(f"{IS_SIGNED_IN} && {HAS_SCHEMA}")
        before = len(traffic.grants)
        for _ in range(3):
            await asyncio.gather(*(each.run(MUCH_LATER) for each in tabs))
            await asyncio.gather(*(each.run(f"document.querySelector({RUN!r}).click()") for each in tabs))
        for each in tabs:
            await each.until("document.querySelector('.result-window').innerText.includes('totalCount')")
            assert await each.run(IS_SIGNED_IN)
            assert each.problems == []
        assert set(traffic.grants[before:]) == {"refresh_token"}
        spent = [each["refresh_token"] for each in traffic.issued]
        assert len(set(spent)) == len(spent), "each renewal got a successor of its own"
        assert await stored_token(page) == spent[-1]


async def test_a_response_lost_with_its_tab_does_not_sign_out_the_user(explorer: Explorer) -> None:
    page = explorer.page
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    async with httpx.AsyncClient(base_url=explorer.address, timeout=20) as client:
        form = {"grant_type": "refresh_token", "refresh_token": await stored_token(page)}
        assert (await client.post("/auth/token", data=form)).status_code == 200
    await page.reload()
    await page.until(f"{IS_SIGNED_IN} && {HAS_SCHEMA}")
    assert page.problems == []


async def test_signing_out_and_in_reaches_every_tab(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.click(DEMO_BUTTON)
    await page.until(f"{ACCOUNT} !== null")
    async with page.opened_by_script(f"{explorer.address}/graphiql") as second:
        await second.until(IS_SIGNED_IN)
        newest = traffic.issued[-1]["refresh_token"]
        await page.run(SIGN_OUT)
        await page.until(f"{FORM} !== null")
        await second.until(f"{SAID} === 'You have signed out in another tab.'")
        assert await page.run(STORED) is None
        await page.until("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/auth/revoke'))")
        async with httpx.AsyncClient(base_url=explorer.address, timeout=20) as client:
            form = {"grant_type": "refresh_token", "refresh_token": newest}
            assert (await client.post("/auth/token", data=form)).status_code == 400

        await page.click(DEMO_BUTTON)
        await page.until(IS_SIGNED_IN)
        await second.until(IS_SIGNED_IN)
        assert traffic.grants.count("password") == 2
        assert second.problems == []
    assert page.problems == []


async def test_an_ended_session_is_reported_once_and_forgotten(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    async with httpx.AsyncClient(base_url=explorer.address, timeout=20) as client:
        await client.post("/auth/revoke", data={"token": traffic.issued[-1]["refresh_token"]})
    await page.reload()
    await page.until(f"{SAID} === 'Your session has ended. Sign in again.'")
    assert await page.run(STORED) is None
    await page.reload()
    await page.until(f"{FORM} !== null")
    assert await page.run(SAID) == ""
    assert traffic.grants == ["password", "refresh_token"]


async def test_a_server_that_is_away_at_a_reload_ends_no_session(explorer: Explorer) -> None:
    """Proves that a reload without a reachable server keeps the session, and the next reload resumes it."""
    page = explorer.page
    await page.click(DEMO_BUTTON)
    await page.until(IS_SIGNED_IN)
    await page.call("Network.setBlockedURLs", urls=["*/auth/token"])
    await page.reload()
    await page.until(f"{SAID} === 'The server cannot be reached.'")
    await page.call("Network.setBlockedURLs", urls=[])
    page.take_problems()
    await page.reload()
    await page.until(f"{IS_SIGNED_IN} && {HAS_SCHEMA}")
    assert page.problems == []
