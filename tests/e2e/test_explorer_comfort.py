"""Comforts of the explorer: room for the query, keys that work everywhere, and answers that are in view."""

from collections.abc import AsyncIterator

import pytest

from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser
from tests.e2e.explorer import FORM, QUERY_EDITOR, RESULT, RUN, VARIABLE_EDITOR, Explorer, opened_explorer

pytestmark = needs_browser

CTRL, META = 2, 4
COLUMNS = f"""(() => {{
  const editor = {QUERY_EDITOR};
  const room = editor.getScrollInfo().clientWidth - editor.getGutterElement().offsetWidth;
  return Math.floor((room - 8) / editor.defaultCharWidth()); // CodeMirror pads lines by 4 pixels on both sides
}})()"""
LONGEST = f"Math.max(...{QUERY_EDITOR}.getValue().split('\\n').map((line) => line.length))"
TYPES = "[...document.querySelectorAll('.graphiql-doc-explorer-content a.graphiql-doc-explorer-type-name')]"
SEARCH = "document.activeElement.matches('.graphiql-doc-explorer-search-input input')"
BORDER = "document.querySelector('#graphiql-session > .graphiql-horizontal-drag-bar').getBoundingClientRect()"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.page.until(f"{FORM} !== null && {VARIABLE_EDITOR} !== undefined")
        yield opened


async def type_key(page: Page, key: str, modifiers: int) -> None:
    for kind in ("rawKeyDown", "keyUp"):
        await page.call(
            "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=ord(key.upper()), modifiers=modifiers
        )


async def is_drawn(page: Page) -> None:
    await page.until(f"{FORM} !== null && {VARIABLE_EDITOR} !== undefined && {QUERY_EDITOR}.defaultCharWidth() > 0")


@pytest.mark.parametrize("width", [1280, 1440, 1920])
async def test_the_editor_has_room_for_sixty_columns_and_the_first_query(explorer: Explorer, width: int) -> None:
    page = explorer.page
    await page.resize(width, 800)
    await page.reload()
    await is_drawn(page)
    assert await page.run(COLUMNS) >= 60
    assert await page.run(LONGEST) <= 60
    assert await page.run("document.querySelector('.graphiql-response').offsetWidth") >= 250
    assert await page.run("document.querySelector('.graphiql-plugin').offsetWidth") >= 240


async def test_a_border_that_is_dragged_is_remembered(explorer: Explorer) -> None:
    page = explorer.page
    await page.resize(1280, 800)
    await page.reload()
    await is_drawn(page)
    before = await page.run(COLUMNS)
    left, top = await page.run(f"[{BORDER}.x + {BORDER}.width / 2, {BORDER}.y + 200]")
    for kind, place in (("mousePressed", left), ("mouseMoved", left - 100), ("mouseReleased", left - 100)):
        await page.call("Input.dispatchMouseEvent", type=kind, x=place, y=top, button="left", buttons=1, clickCount=1)
    await page.until("localStorage.getItem('graphiql:editorFlex') !== null")
    dragged = await page.run(COLUMNS)
    assert dragged < before - 5
    await page.reload()
    await is_drawn(page)
    assert abs(await page.run(COLUMNS) - dragged) <= 1


async def test_ctrl_k_searches_the_documentation_from_anywhere(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    for key, start in (
        (CTRL, "document.body.focus()"),
        (META, f"{QUERY_EDITOR}.focus()"),
        (CTRL, f"{QUERY_EDITOR}.focus()"),
    ):
        await explorer.show_panel("Samples")
        await page.run(start)
        await type_key(page, "k", key)
        await page.until(SEARCH)
    await page.call("Input.insertText", text="issueCreate")
    await page.until("document.querySelector('.graphiql-doc-explorer-search').innerText.includes('issueCreate')")
    assert page.problems == []


async def test_the_documentation_lists_types_by_name(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.open_panel("Documentation Explorer")
    await page.until(f"{TYPES}.length > 100")
    names = (await page.run(f"{TYPES}.map((each) => each.innerText)"))[3:]  # behind the three root types
    assert names == sorted(names)


@pytest.mark.parametrize("text", ["", " \n", "# Nothing but\n, # remarks"])
async def test_an_empty_editor_shows_a_hint_and_sends_no_request(explorer: Explorer, text: str) -> None:
    page = explorer.page
    await explorer.sign_in()
    asked = len(page.requests)
    await page.run(f"{QUERY_EDITOR}.setValue({text!r})")
    await page.click(RUN)
    await page.until(f"{RESULT}.includes('The editor is empty. Write an operation')")
    await explorer.open_panel("Copy as")
    said = "document.querySelector('.panel.copy [role=status]')?.innerText"
    await page.until(
        f"{said} === 'The editor {'is empty' if not text.strip() else 'has no operation that can be parsed'}.'"
    )
    assert len(page.requests) == asked


async def test_on_a_phone_running_brings_the_answer_into_view(explorer: Explorer) -> None:
    page = explorer.page
    await page.resize(390, 844)
    await explorer.sign_in()
    await page.run("document.querySelector('.graphiql-query-editor').scrollIntoView()")
    await page.run(f"{QUERY_EDITOR}.setValue('{{ viewer {{ email }} }}')")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === '{{ viewer {{ email }} }}'")
    await page.click(RUN)
    await page.until(f"{RESULT}.includes('email')")
    top = "document.querySelector('.graphiql-response').getBoundingClientRect().top"
    await page.until(f"{top} >= 0 && {top} < innerHeight / 2")
    sidebar = await page.run("document.querySelector('.graphiql-sidebar').getBoundingClientRect().bottom")
    assert await page.run(top) >= sidebar - 1, "the bar at the top hides nothing of it"
