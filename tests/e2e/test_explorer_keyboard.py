"""The explorer without a mouse: Tab, Enter, Space and what GraphiQL lists as its short keys."""

from collections.abc import AsyncIterator

import orjson
import pytest

from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, QUERY_EDITOR, RESULT, Explorer, opened_explorer

pytestmark = needs_browser

CTRL, SHIFT = 2, 8
MOST_STOPS = 80
PANELS = ("Sign in", "Samples", "Live", "Cost", "Copy as")
COPY = "document.querySelector('.panel.copy button.primary')"
# As assistive technology names it; a label holds its input here.
NAME = """(() => {
  const { activeElement: each } = document;
  return each.getAttribute("aria-label") ?? each.labels?.[0]?.firstChild.data ?? each.innerText;
})()"""
# All of ours that can be worked, however deep, and those of them that nothing names.
NAMELESS = """(() => {
  const named = (each) => each.getAttribute("aria-label") || each.labels?.length || each.innerText?.trim();
  const found = [...document.querySelectorAll(".panel :is(button, input, select, summary, [tabindex='0'], progress)")];
  return JSON.stringify(found.filter((each) => !named(each)).map((each) => each.outerHTML));
})()"""
ROLES = ("button", "textbox", "searchbox", "combobox", "link", "checkbox")
KEYS_DIALOG = "document.querySelector('.graphiql-dialog')"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.page.until(f"{FORM} !== null")
        yield opened


async def tab_to(explorer: Explorer, name: str, *, backwards: bool = False) -> None:
    """Presses Tab until the control whose name begins with `name` has the focus and shows it."""
    seen: list[str] = []
    for _ in range(MOST_STOPS):
        await explorer.press("Tab", modifiers=SHIFT if backwards else 0)
        seen.append(str(await explorer.page.run(NAME)).strip())
        if seen[-1].startswith(name):
            assert await explorer.page.run("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError((name, seen))


async def open_panel(explorer: Explorer, title: str) -> None:
    """Opens the panel by keyboard: tabs back to its button in the bar and presses Enter."""
    await tab_to(explorer, f"Show {title}", backwards=True)
    await explorer.press("Enter")
    await explorer.page.until(f"document.querySelector('button[aria-label=\"Hide {title}\"]') !== null")


async def test_one_logs_in_runs_a_sample_sees_its_cost_and_copies_it(explorer: Explorer) -> None:
    page = explorer.page
    permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    await page.call("Browser.grantPermissions", origin=explorer.address, permissions=permissions)
    await tab_to(explorer, "Email")
    await page.call("Input.insertText", text=DEMO_EMAIL)
    await tab_to(explorer, "Password")
    await page.call("Input.insertText", text=DEMO_PASSWORD)
    await explorer.press("Enter")
    await page.until(f"{ACCOUNT} !== null")
    await explorer.has_schema()

    await tab_to(explorer, "Show Samples")
    await explorer.press("Enter")
    await page.until("document.querySelectorAll('.samples button').length > 5")
    await tab_to(explorer, "My issues")
    await explorer.press("Enter")
    await page.until(f"{QUERY_EDITOR}.hasFocus() && {QUERY_EDITOR}.getValue().includes('My')")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {QUERY_EDITOR}.getValue()")
    await explorer.press("Enter", modifiers=CTRL)
    await page.until(f"{RESULT}.includes('\"data\"')")

    await open_panel(explorer, "Cost")
    await page.until("document.querySelector('.panel.cost progress') !== null")
    await tab_to(explorer, "Ran ")
    await explorer.press("Enter")
    assert await page.run("document.activeElement.parentElement.open")

    await open_panel(explorer, "Copy as")
    await tab_to(explorer, "Python")
    await explorer.press("Enter")
    await page.until("document.querySelector('.panel.copy pre').ariaLabel === 'Python program'")
    await tab_to(explorer, "Copy")
    await explorer.press("Enter")
    await page.until(f"{COPY}.innerText === 'Copied'")
    assert await page.run("navigator.clipboard.readText()") == await page.run(
        "document.querySelector('.panel.copy pre').textContent"
    )
    assert page.problems == []


async def test_no_editor_traps_the_tab_key(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    await explorer.run_query("{ viewer { email } }", DEMO_EMAIL)
    editors = ("query-editor", "editor-tool", "result-window")
    inside = (
        "document.activeElement.closest('.graphiql-query-editor, .graphiql-editor-tool, .result-window')?.className"
    )
    for modifiers in (0, SHIFT):
        entered: list[str] = []
        await page.run("document.querySelector('.graphiql-tab-add').focus()")
        for _ in range(MOST_STOPS):
            await explorer.press("Tab", modifiers=modifiers)
            entered.append(await page.run(f"document.activeElement.tagName === 'TEXTAREA' ? {inside} ?? '' : ''"))
        assert [each for each in editors if not any(each in place for place in entered)] == []
    assert await page.run(f"{QUERY_EDITOR}.getValue()") == "{ viewer { email } }"
    assert page.problems == []


async def test_whatever_can_be_worked_has_a_name(explorer: Explorer) -> None:
    page = explorer.page
    assert orjson.loads(await page.run(NAMELESS)) == []
    await explorer.sign_in()
    for text in ('{ workspace(slug: "acme") { name } }', "{ viewer { name } }"):
        await explorer.run_query(text, '"data"')
    for title in PANELS:
        await explorer.show_panel(title)
        await page.until("document.querySelectorAll('.panel :is(button, select)').length > 0")
        await page.run("document.querySelectorAll('.panel details').forEach((each) => (each.open = true))")
        assert orjson.loads(await page.run(NAMELESS)) == [], title
    assert page.problems == []


async def test_every_control_has_an_accessible_name(explorer: Explorer) -> None:
    """Proves that all controls have names, including GraphiQL's editors, which have none by default."""
    await explorer.sign_in()
    assert await explorer.page.run("document.activeElement.innerText") == "You are signed in", "where the form was"
    nodes = (await explorer.page.call("Accessibility.getFullAXTree"))["nodes"]
    worked = [node for node in nodes if node.get("role", {}).get("value") in ROLES]
    names = [node["name"]["value"].strip() for node in worked]
    assert "" not in names
    assert {"Operation", "Variables", "Headers", "Sign out"} <= set(names)


async def test_the_short_keys_are_graphiqls_and_are_listed(explorer: Explorer) -> None:
    page = explorer.page
    await tab_to(explorer, "Open short keys dialog")
    await explorer.press("Enter")
    await page.until(f"{KEYS_DIALOG} !== null")
    assert await page.run(f"{KEYS_DIALOG}.querySelector('h2').innerText") == "Short Keys"
    keys = await page.run(f"[...{KEYS_DIALOG}.querySelectorAll('td:first-child')].map((each) => each.innerText)")
    assert keys == [
        "Ctrl + F",
        "Ctrl + K",
        "Ctrl + Enter",
        "Ctrl + Shift + P",
        "Ctrl + Shift + M",
        "Ctrl + Shift + C",
        "Ctrl + Shift + R",
    ]
    await explorer.press("Escape")
    await page.until(f"{KEYS_DIALOG} === null")
    assert page.problems == []
