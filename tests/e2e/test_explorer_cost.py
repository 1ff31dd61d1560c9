"""The panel with the cost of operations."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import Explorer, opened_explorer

pytestmark = needs_browser

LIST = 'query Lately { workspace(slug: "acme") { issues(first: 3) { nodes { title labels { name } } } } }'
DEAR = """query Dear { workspace(slug: "acme") { issues(first: 100) { nodes { comments(first: 100) { nodes {
  author { name } issue { labels { name } } } } } } } }"""
CHANGES = 'subscription Live { changes(workspace: "acme", after: 0) { upTo } }'
PANEL = "document.querySelector('.panel.cost')"
TEXT = f"{PANEL}.textContent"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        yield opened


async def test_the_cost_of_an_operation_is_shown_with_its_execution(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.open_panel("Cost")
    await page.until(f"{TEXT}.includes('Run an operation')")
    await explorer.run_query(LIST, '"title"')
    await page.until(f"{TEXT}.includes(' used of ')")
    await page.until(f"{TEXT}.includes('250,000 left')")
    await page.until(f"{TEXT}.includes('Run it again')")
    runs = 1
    while not await page.run(f"{TEXT}.includes('Ran compiled')"):  # the second run only starts the compilation
        runs += 1
        await page.run("document.querySelector('.graphiql-execute-button').click()")
        await page.until(f"{PANEL}.querySelectorAll('.exchanges li').length === {runs}")
    assert runs > 2
    await page.run(f"{PANEL}.querySelectorAll('details').forEach((each) => (each.open = true))")
    statements = await page.run(f"[...{PANEL}.querySelectorAll('.statements pre')].map((each) => each.textContent)")
    assert any("FROM issue" in each for each in statements)
    assert "def select_" in await page.run(f"{PANEL}.querySelector('[aria-label=Plan]').innerText")
    result = await page.run("document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    assert '"cost"' in result
    assert '"trace"' not in result
    await page.screenshot(tmp_path / "cost.png")
    assert page.problems == []


async def test_a_refusal_says_what_is_dear_and_what_would_fit(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.open_panel("Cost")
    await explorer.run_query(DEAR, "COST_LIMIT")
    await page.until(f"{PANEL}.querySelector('[role=alert]') !== null")
    said = await page.run(f"{PANEL}.querySelector('[role=alert]').innerText")
    assert "Largest part: " in said
    assert "to stay within the limit" in said
    await page.screenshot(tmp_path / "refused.png")
    assert page.problems == []


async def test_a_subscription_counts_its_events_in_one_line(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.open_panel("Cost")
    await explorer.run_query(CHANGES, '"upTo":')
    await page.until(f"{TEXT}.includes('Events')")
    assert await page.run(f"{PANEL}.querySelectorAll('.exchanges').length") == 0
    assert page.problems == []
