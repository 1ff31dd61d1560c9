"""The editor's tabs over reloads: none is lost, and nothing secret is stored with them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser
from tests.e2e.explorer import FORM, QUERY_EDITOR, VARIABLE_EDITOR, Explorer, opened_explorer

pytestmark = needs_browser

TABS = "document.querySelectorAll('.graphiql-tab')"
HEADER_EDITOR = "document.querySelectorAll('.graphiql-editor-tool .CodeMirror')[1]?.CodeMirror"
# GraphiQL shows the texts of the active tab alone, so each is visited; `change` notices reach it after a short while.
VISITED = f"""(async () => {{
  const found = [];
  const first = [...{TABS}].findIndex((tab) => tab.matches(".graphiql-tab-active"));
  const go = async (place) => {{
    {TABS}[place].querySelector("button").click();
    while (!{TABS}[place].matches(".graphiql-tab-active")) await new Promise((resolve) => setTimeout(resolve, 20));
  }};
  for (let place = 0; place < {TABS}.length; place += 1) {{
    await go(place);
    found.push([{TABS}[place].innerText, {QUERY_EDITOR}.getValue(), {VARIABLE_EDITOR}.getValue()]);
  }}
  await go(first);
  return JSON.stringify([first, found]);
}})()"""
IS_DRAWN = f"{TABS}.length > 0 && {QUERY_EDITOR} !== undefined && {VARIABLE_EDITOR} !== undefined"
SPACED = '{ "workspace":"acme",\n\n  "headers": {"a" : 1.0} }'
SECRET = "Bearer wgk_nobody-may-store-this"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.page.until(f"{FORM} !== null && {IS_DRAWN}")
        yield opened


async def shown(page: Page) -> tuple[int, list[list[str]]]:
    """Index of the active tab, and the exact title, query and variables of every tab."""
    first, tabs = json.loads(await page.run(VISITED))
    return first, tabs


async def add_tab(page: Page, query: str, variables: str) -> None:
    before = await page.run(f"{TABS}.length")
    await page.run("document.querySelector('.graphiql-tab-add').click()")
    await page.until(f"{TABS}.length === {before + 1}")
    await page.run(f"{QUERY_EDITOR}.setValue({query!r}), {VARIABLE_EDITOR}.setValue({variables!r})")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {query!r}")


async def reload(page: Page) -> None:
    await page.reload()
    await page.until(IS_DRAWN)


async def test_a_stranger_finds_all_tabs_again(explorer: Explorer) -> None:
    page = explorer.page
    await add_tab(page, "query Spaced { viewer { name } }", SPACED)
    await add_tab(page, "query Other { viewer { email } }", "")
    await page.run(f"{TABS}[1].querySelector('button').click()")
    before = await shown(page)
    assert (before[0], len(before[1])) == (1, 4)
    assert before[1][2][2] == SPACED
    for _ in range(2):
        await reload(page)
        assert await shown(page) == before
    assert page.problems == []


async def test_two_samples_are_there_again_signed_in_and_signed_out(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.open_panel("Samples")
    for title in ("My issues", "Board by state"):
        button = (
            f"[...document.querySelectorAll('.samples button')].find((each) => each.innerText.startsWith({title!r}))"
        )
        count = await page.run(f"{TABS}.length")
        await page.until(f"{button} !== undefined")
        await page.run(f"{button}.click()")
        await page.until(f"{TABS}.length === {count + 1} && {VARIABLE_EDITOR}.getValue().includes('acme')")
    before = await shown(page)
    assert (before[0], len(before[1])) == (3, 4)
    await reload(page)
    await explorer.has_schema()
    assert await shown(page) == before
    await explorer.sign_out()
    await page.until(IS_DRAWN)
    assert await shown(page) == before, "signed out"
    await reload(page)
    await page.until(f"{FORM} !== null")
    assert await shown(page) == before, "signed out, after a reload"
    assert page.problems == []


async def test_the_last_edit_survives_an_immediate_reload(explorer: Explorer) -> None:
    page = explorer.page
    await page.run(f"{QUERY_EDITOR}.setValue('query Late {{ viewer {{ id }} }}'), {VARIABLE_EDITOR}.setValue('{{}} ')")
    await reload(page)
    assert await page.run(f"[{QUERY_EDITOR}.getValue(), {VARIABLE_EDITOR}.getValue()]") == [
        "query Late { viewer { id } }",
        "{} ",
    ]


async def test_of_equal_tabs_the_one_that_was_active_is(explorer: Explorer) -> None:
    page = explorer.page
    for _ in range(3):
        await add_tab(page, "{ viewer { id } }", "")
    await page.run(f"{TABS}[3].querySelector('button').click()")
    before = await shown(page)
    assert before[0] == 3
    await reload(page)
    await page.until(f"{TABS}[3].matches('.graphiql-tab-active')")
    assert await shown(page) == before


async def test_two_windows_keep_tabs_of_their_own(explorer: Explorer) -> None:
    page = explorer.page
    await add_tab(page, "query First { viewer { id } }", "")
    before = await shown(page)
    async with page.opened_by_script(f"{explorer.address}/graphiql") as second:
        await second.until(IS_DRAWN)
        await add_tab(second, "query Second { viewer { name } }", "")
        await page.call("Page.bringToFront")
        await reload(page)
        assert await shown(page) == before
        assert second.problems == []
    assert page.problems == []


async def test_headers_are_not_stored(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    await page.run(f"{HEADER_EDITOR}.setValue({json.dumps({'Authorization': SECRET})!r})")
    await page.run("document.querySelector('.graphiql-execute-button').click()")
    await page.until("document.querySelector('.result-window').innerText.includes('errors')")
    await explorer.show_panel("History")
    await page.until("document.querySelectorAll('.graphiql-history-item').length === 1")
    await reload(page)
    stored: dict[str, Any] = json.loads(await explorer.stored())
    assert "graphiql:queries" in stored
    assert SECRET not in json.dumps(stored)
    assert await page.run(f"{HEADER_EDITOR}.getValue()") == ""


async def test_clearing_the_data_brings_back_the_first_tabs(explorer: Explorer) -> None:
    page = explorer.page
    first = await shown(page)
    await add_tab(page, "query Gone { viewer { id } }", "")
    await page.click("button[aria-label='Open settings dialog']")
    clear = "[...document.querySelectorAll('.graphiql-dialog button')].find((each) => each.innerText === 'Clear data')"
    await page.until(f"{clear} !== undefined")
    await page.run(f"{clear}.click()")
    await page.until("document.querySelector('.graphiql-dialog').innerText.includes('Cleared data')")
    await reload(page)
    assert await shown(page) == first
