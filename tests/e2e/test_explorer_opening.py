"""Requests and bytes that the explorer needs before it can be used; both are the same on every machine."""

from collections.abc import AsyncIterator
from struct import unpack

import pytest

from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import Explorer, opened_explorer
from tests.e2e.picture import PICTURE, SIZE
from tests.e2e.processes import ROOT

pytestmark = needs_browser

MOST_REQUESTS = 60  # a module of ours is one
MOST_BYTES = 2_300_000
LOADED = "performance.getEntriesByType('resource').map(({ name, transferSize }) => [name, transferSize])"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        yield opened


async def test_the_explorer_opens_with_few_requests_and_bytes(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    loaded = dict(await page.run(LOADED))
    assert len(page.requests) <= MOST_REQUESTS
    assert 500_000 < sum(loaded.values()) <= MOST_BYTES
    assert len(set(page.requests)) >= len(page.requests) - 2, "only /graphql is asked more than once"

    await page.reload()
    await page.until("document.readyState === 'complete'")
    again = {name: size for name, size in await page.run(LOADED) if "/vendor/" in name}
    assert again
    assert set(again.values()) == {0}, "what others wrote comes out of the browser's cache"


def test_the_picture_of_the_readme_is_small() -> None:
    assert f"]({PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text()
    content = PICTURE.read_bytes()
    assert len(content) < 300_000
    assert unpack(">II", content[16:24]) == tuple(SIZE.values()), "PNG, 11.2.2: width and height"
