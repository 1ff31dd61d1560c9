"""Explorer on phones and desktop screens, light and dark: every part is visible, in place and readable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from infra.settings import Settings
from tests.e2e.browser import SECONDS, needs_browser
from tests.e2e.colors import AA_CONTRAST, WHITE, Text, over, texts
from tests.e2e.explorer import FORM, RUN, Explorer, opened_explorer

pytestmark = needs_browser

SIZES = [(390, 844), (1280, 800)]
GRAPHIQLS_PANELS = ("Documentation Explorer", "History", "GraphiQL Explorer")
OUR_PANELS = ("Sign in", "Samples", "Live", "Cost", "Copy as")
RUN_NAME = "Execute query (Ctrl-Enter)"
HAS_DRAWN = {
    "Documentation Explorer": ".graphiql-doc-explorer-content a",
    "History": ".graphiql-history-items li",
    "GraphiQL Explorer": ".graphiql-explorer-root input",
    "Sign in": ".panel .person",
    "Samples": ".panel .samples button",
    "Live": ".panel.live .events li",
    "Cost": ".panel.cost progress",
    "Copy as": ".panel.copy pre",
}
LIST = 'query Lately { workspace(slug: "acme") { issues(first: 3) { nodes { title labels { name } } } } }'
DEAR = """query Dear { workspace(slug: "acme") { issues(first: 100) { nodes { comments(first: 100) { nodes {
  author { name } issue { labels { name } } } } } } } }"""
# A phone would rather make its window wider than let something stick out of it.
WIDTHS = "[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]"
CONTROLS = "button, input, select, textarea, a, summary, pre"
# Each where a person would bring it, in the middle; whatever had to be moved sideways for that stuck out.
PLACES = """(() => {
  const isMoved = (each) => each !== null && (each.scrollLeft !== 0 || isMoved(each.parentElement));
  const found = [];
  for (const each of document.querySelectorAll(WANTED)) {
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    each.scrollIntoView({ block: "center", inline: "nearest" });
    const { left, right, top, bottom } = each.getBoundingClientRect();
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const box = (each.closest(ROOM) ?? document.documentElement).getBoundingClientRect();
    found.push({
      name: each.getAttribute("aria-label") || each.innerText || each.name || each.outerHTML.slice(0, 200),
      isWithin: left >= box.left - 0.5 && right <= box.right + 0.5 && right <= innerWidth + 0.5,
      isMoved: isMoved(each.parentElement),
      isSeen: top >= 0 && bottom <= innerHeight + 0.5,
      isOnTop: above !== null && each.contains(above),
    });
  }
  return JSON.stringify(found);
})()"""
PAGE = """(({ color, backgroundColor }) => [color, backgroundColor])(
  getComputedStyle(document.querySelector(".graphiql-container")))"""


@asynccontextmanager
async def explorer_of(settings: Settings, width: int, height: int) -> AsyncIterator[Explorer]:
    """Explorer loaded at the given size, without layout saved at another size."""
    async with opened_explorer(settings) as explorer:
        await explorer.page.resize(width, height)
        await explorer.page.reload()
        yield explorer


async def show(explorer: Explorer, title: str) -> None:
    """Opens the panel and unfolds all of its details."""
    page = explorer.page
    await explorer.show_panel(title)
    drawn = f"document.querySelector({HAS_DRAWN[title]!r}) !== null"
    if title == "Live":
        await page.click(".panel.live button.primary")
        async with asyncio.timeout(SECONDS):
            while not await page.run(drawn):  # what is changed before the server listens is not told
                await explorer.tracker.change()
    await page.until(drawn)
    await page.run("document.querySelectorAll('.panel details').forEach((each) => (each.open = true))")


async def fits(explorer: Explorer, width: int) -> None:
    for each in await explorer.page.run(WIDTHS):
        assert each <= width, await explorer.page.run(WIDTHS)


async def are_in_place(explorer: Explorer, wanted: str, *, room: str) -> list[str]:
    """Names of the wanted elements; fails unless each is wholly visible in its room once scrolled to."""
    script = PLACES.replace("WANTED", repr(wanted)).replace("ROOM", repr(room))
    found: list[dict[str, Any]] = orjson.loads(await explorer.page.run(script))
    right = {"isWithin": True, "isMoved": False, "isSeen": True, "isOnTop": True}
    wrong = [each for each in found if not each.items() >= right.items()]
    assert wrong == []
    return [each["name"] for each in found]


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_nothing_sticks_out_and_everything_can_be_reached(
    database: str, redis_database: str, settings: Settings, tmp_path: Path, width: int, height: int
) -> None:
    async with explorer_of(settings, width, height) as explorer:
        page = explorer.page
        await page.until(f"{FORM} !== null")
        await fits(explorer, width)
        assert len(await are_in_place(explorer, f".panel :is({CONTROLS})", room=".graphiql-plugin")) >= 4
        await explorer.sign_in()
        await explorer.run_query(DEAR, "COST_LIMIT")
        await explorer.run_query(LIST, '"title"')
        for title in GRAPHIQLS_PANELS + OUR_PANELS:
            await show(explorer, title)
            await fits(explorer, width)
            names = await are_in_place(explorer, f".graphiql-plugin :is({CONTROLS})", room=".graphiql-plugin")
            assert len(names) >= 1, title
            assert RUN_NAME in await are_in_place(explorer, RUN, room=".graphiql-editors")
            await page.run("scrollTo(0, 0)")
            await page.screenshot(tmp_path / f"{title}.png")
        await are_in_place(explorer, ".graphiql-sidebar button", room=".graphiql-sidebar")
        assert page.problems == []


async def shown_texts(explorer: Explorer, room: str = ".panel") -> list[Text]:
    """Visible texts of our panels; fails if no text is visible."""
    found = await texts(explorer.page, f"{room}, {room} *")
    assert found != []
    return found


async def all_our_texts(explorer: Explorer, folder: Path) -> dict[str, list[Text]]:
    """Visible texts by panel, with all details unfolded, of a user who signs in at the second attempt."""
    page = explorer.page
    found: dict[str, list[Text]] = {}
    await page.until(f"{FORM} !== null")
    await explorer.fill_in(email="nobody@example.org", password="wrong password")
    await page.until(f"{FORM}.querySelector('[role=alert]') !== null")
    found["Sign in, in vain"] = await shown_texts(explorer)
    page.take_problems()
    await explorer.sign_in()
    await explorer.run_query(LIST, '"title"')
    for title in OUR_PANELS:
        await show(explorer, title)
        found[title] = await shown_texts(explorer)
        await page.screenshot(folder / f"{title}.png")
    await explorer.show_panel("Cost")
    await explorer.run_query(DEAR, "COST_LIMIT")
    found["Refused"] = await shown_texts(explorer)
    found["Status"] = await shown_texts(explorer, ".status")
    return found


def faint(found: dict[str, list[Text]]) -> list[str]:
    return [
        f"{title}: {each.text!r} {each.contrast:.2f}"
        for title in found
        for each in found[title]
        if each.contrast < AA_CONTRAST
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_our_panels_can_be_read_in_the_colors_of_the_system(
    database: str, redis_database: str, settings: Settings, tmp_path: Path, scheme: str
) -> None:
    async with opened_explorer(settings) as explorer:
        await explorer.page.prefer(scheme)
        found = await all_our_texts(explorer, tmp_path)
        assert faint(found) == []
        assert explorer.page.problems == []


async def choose_theme(explorer: Explorer, scheme: str) -> None:
    """Chooses the theme in GraphiQL's settings dialog."""
    await explorer.page.click("button[aria-label='Open settings dialog']")
    await explorer.page.click(f".graphiql-dialog button[data-theme={scheme}]")
    await explorer.press("Escape")
    await explorer.page.until("document.querySelector('.graphiql-dialog') === null")


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
async def test_our_panels_follow_the_system_and_graphiqls_switch_against_it(
    database: str, redis_database: str, settings: Settings, tmp_path: Path, scheme: str, other: str
) -> None:
    async with opened_explorer(settings) as explorer:
        page = explorer.page
        await page.prefer(other)
        await explorer.sign_in()
        before = await shown_texts(explorer)
        await page.prefer(scheme)
        wanted = await shown_texts(explorer)
        assert all(old.color != new.color and old.text == new.text for old, new in zip(before, wanted, strict=True))
        assert all(old.background != new.background for old, new in zip(before, wanted, strict=True))
        await page.prefer(other)
        assert await shown_texts(explorer) == before

        await choose_theme(explorer, scheme)
        assert await shown_texts(explorer) == wanted
        [title] = await texts(page, ".panel h2")
        assert [title.color, title.background] == [over(each, WHITE) for each in await page.run(PAGE)]
        await page.screenshot(tmp_path / "switched.png")
        assert page.problems == []
