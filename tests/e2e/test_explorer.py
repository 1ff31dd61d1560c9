from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, RESULT, Explorer, opened_explorer

pytestmark = needs_browser


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        yield opened


async def test_a_user_signs_in_queries_subscribes_and_signs_out(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    await page.until(f"{FORM} !== null")
    await page.screenshot(tmp_path / "signed-out.png")
    await explorer.sign_in()
    await explorer.run_query("{ viewer { email } }", f'"email": "{DEMO_EMAIL}"')
    await explorer.run_query('subscription { changes(workspace: "acme", after: 0) { upTo } }', '"upTo":')
    await page.screenshot(tmp_path / "signed-in.png")
    assert any(url.startswith("ws://") for url in page.requests)

    await page.run(f"{ACCOUNT}.parentElement.querySelector('button').click()")
    await page.until(f"{FORM} !== null")
    await page.run("document.querySelector('.graphiql-execute-button').click()")
    await page.until(f"{RESULT}.includes('Sign in first')")

    assert page.problems == []
    assert {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")} == {
        urlsplit(explorer.address).netloc
    }
    stored = await explorer.stored()
    assert DEMO_PASSWORD not in stored
    assert "eyJ" not in stored, "an access token"
    assert (tmp_path / "signed-in.png").stat().st_size > 20_000
