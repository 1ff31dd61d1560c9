"""Explorer with `WORKGRAPH_EXPLORER=members`: strangers see the sign-in, and their browser requests nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, Explorer, opened_explorer
from tests.platform.api.explorer.samples import samples

pytestmark = needs_browser

EDITORS = "document.querySelector('.graphiql-editors')"
BUTTON = f"{FORM}.querySelector('button.primary')"
SAMPLES = "document.querySelectorAll('.samples button').length"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings.model_copy(update={"explorer": "members"})) as opened:
        yield opened


def asked_for_samples(explorer: Explorer) -> bool:
    return any("/samples/" in url for url in explorer.page.requests)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_stranger_can_sign_in_and_nothing_else(explorer: Explorer, scheme: str, tmp_path: Path) -> None:
    page = explorer.page
    await page.prefer(scheme)
    await page.until(f"{FORM} !== null")
    await page.screenshot(tmp_path / "stranger.png")
    assert await page.run(EDITORS) is None
    assert await page.run("document.querySelectorAll('.graphiql-sidebar button').length") == 0
    assert not asked_for_samples(explorer)
    # The colors are GraphiQL's, which are said for its own container alone; without them a button is see-through.
    assert await page.run(f"getComputedStyle({BUTTON}).backgroundColor") not in ("rgba(0, 0, 0, 0)", "")

    await explorer.sign_in()
    await explorer.open_panel("Samples")
    await page.until(f"{SAMPLES} === {len(samples())}")

    await explorer.open_panel("Sign in")
    await page.run(f"{ACCOUNT}.parentElement.querySelector('button').click()")
    await page.until(f"{FORM} !== null && {EDITORS} === null")
    assert page.problems == []
