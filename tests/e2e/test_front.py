"""The small pages in a browser: landing page with health, REST reference, and forms of mailed links."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain.shared.health import HealthCheck
from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser, opened_page
from tests.e2e.tracker import Tracker, running_tracker

pytestmark = needs_browser

HEALTH = "document.getElementById('health').innerText"
PATHS = ("/", "/nowhere", "/docs", "/dev/mail", "/auth/register", "/auth/verify?token=x", "/auth/invitation?token=x")
# Nothing sticks out at the right, so that nobody scrolls sideways.
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
COLORS = "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"


@asynccontextmanager
async def visited(settings: Settings) -> AsyncIterator[tuple[Page, Tracker]]:
    async with running_tracker(settings, seeded=1) as tracker, opened_page() as page:
        yield page, tracker


async def go(page: Page, tracker: Tracker, path: str) -> None:
    await page.call("Page.navigate", url=f"{tracker.address}{path}")
    wanted = f"{tracker.address}{path}"
    await page.until(f"location.href === {wanted!r} && document.readyState === 'complete'")


class IllHealth:
    async def check(self) -> Sequence[HealthCheck]:
        return [
            HealthCheck(name="database", is_ok=False, detail="<b>refused</b>"),
            HealthCheck(name="redis", is_ok=False, is_required=False),
        ]


async def test_the_landing_page_shows_how_the_server_is(
    database: str, redis_database: str, settings: Settings, tmp_path: Path
) -> None:
    async with visited(settings) as (page, tracker):
        await go(page, tracker, "/")
        well = "Server: ready,Database: OK,Migrations: OK,Redis: OK,Sessions: OK"
        await page.until(f"{HEALTH}.split('\\n').join() === '{well}'")
        assert await page.run("document.querySelectorAll('.well').length") == 5
        await page.screenshot(tmp_path / "well.png")
        assert page.problems == []

        known = tracker.app.state.app
        tracker.app.state.app = replace(known, health=IllHealth())
        await page.until(f"{HEALTH}.includes('Server: not ready')")
        assert await page.run(HEALTH) == (
            "Server: not ready\nDatabase: unavailable (<b>refused</b>)\nRedis: unavailable, not required"
        )
        assert await page.run("document.querySelectorAll('.unwell').length") == 3
        await page.screenshot(tmp_path / "ill.png")
        tracker.app.state.app = known
        await page.until(f"{HEALTH}.includes('Server: ready')")

        await tracker.stop()
        await page.until(f"{HEALTH} === 'Server: no response'")
        await tracker.start()
        await page.until(f"{HEALTH}.includes('Server: ready')")
        assert all("503" in problem or "ERR_CONNECTION" in problem for problem in page.problems), page.problems


async def test_every_entry_point_opens(database: str, redis_database: str, settings: Settings) -> None:
    async with visited(settings) as (page, tracker):
        await go(page, tracker, "/")
        paths = await page.run("[...document.querySelectorAll('ol a')].map((link) => link.pathname)")
        assert paths == ["/graphql", "/docs", "/auth/register", "/dev/mail", "/readyz"]
        for path in paths:
            await go(page, tracker, "/")
            await page.click(f'ol a[href="{path}"]')
            await page.until(f"document.readyState === 'complete' && location.pathname !== '/' && {FITS}")
        assert page.problems == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_follow_the_theme_without_a_word_in_the_console(
    database: str, redis_database: str, settings: Settings, tmp_path: Path, width: int, scheme: str
) -> None:
    async with visited(settings) as (page, tracker):
        await page.prefer(scheme)
        await page.resize(width, 844)
        for path in PATHS:
            await go(page, tracker, path)
            assert await page.run(FITS), path
            white, black = "rgb(255, 255, 255)", "rgb(24, 25, 27)"
            assert (await page.run(COLORS))[1] == {"light": white, "dark": black}[scheme], path
            await page.screenshot(tmp_path / f"{path.partition('?')[0].strip('/').replace('/', '-') or 'front'}.png")
        assert [url for url in page.requests if not url.startswith((tracker.address, "data:"))] == []
        # The browser notes each status of 400 and more, and one of the pages is the one for 404.
        assert [each for each in page.problems if f"{tracker.address}/nowhere" not in each] == []
