"""The samples' menu, in a browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.e2e.browser import SECONDS, needs_browser
from tests.e2e.explorer import QUERY_EDITOR, RESULT, RUN, Explorer, opened_explorer
from tests.platform.api.explorer.samples import listing, samples, text

pytestmark = needs_browser

MENU = "[...document.querySelectorAll('.samples button')]"
TITLES = f"{MENU}.map(each => each.querySelector('strong').innerText)"
SEARCH = "document.querySelector('.panel input[type=search]')"
VARIABLE_EDITOR = "document.querySelector('[aria-label=Variables] .CodeMirror').CodeMirror"
RESPONSE = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
TABS = "[...document.querySelectorAll('.graphiql-tab')]"
LIVE = "Live changes"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings, seeded=120) as opened:
        await opened.sign_in()
        await opened.open_panel("Samples")
        await opened.page.until(f"{MENU}.length === {len(samples())}")
        yield opened


async def choose(explorer: Explorer, title: str, query: str) -> dict[str, object]:
    """Chooses the sample and returns the variables of the tab that it opens."""
    page = explorer.page
    await page.run(f"{MENU}.find(each => each.querySelector('strong').innerText === {title!r}).click()")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {query!r}")
    written = await page.run(f"{VARIABLE_EDITOR}.getValue()")
    return json.loads(written or "{}")


async def run_and_read(explorer: Explorer) -> dict[str, object]:
    page = explorer.page
    await page.run("document.querySelector('.graphiql-execute-button').click()")
    await page.until(f"{RESPONSE}.endsWith('}}')")
    answer: dict[str, object] = json.loads(await page.run(RESPONSE))
    return answer


async def test_every_sample_runs_as_it_is_opened(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    for number, sample in enumerate((each for each in samples() if each.title != LIVE), start=3):
        variables = await choose(explorer, sample.title, sample.query)
        assert not any(f'"{name}"' in json.dumps(variables) for name in listing()["placeholders"]), variables
        assert set(variables) == set(sample.variables)
        assert await page.run(f"{TABS}.length") == number
        answer = await run_and_read(explorer)
        assert "errors" not in answer, (sample.title, answer)
        assert answer["data"], sample.title
    await page.screenshot(tmp_path / "samples.png")
    assert page.problems == []


async def test_the_sample_of_live_changes_shows_what_another_client_creates(explorer: Explorer) -> None:
    page = explorer.page
    await choose(explorer, LIVE, text("live_changes.graphql"))
    await page.click(RUN)
    created: list[int] = []
    async with asyncio.timeout(SECONDS):
        while not await page.run(f"{RESPONSE}.includes('ISSUE_CREATED')"):  # nothing tells when it has begun
            created.append(await explorer.tracker.change())
    answer = json.loads(await page.run(RESPONSE))
    assert "errors" not in answer, answer
    assert answer["data"]["changes"]["events"][-1]["revision"] in created
    last = await explorer.tracker.change()
    await page.until(f"JSON.parse({RESPONSE}).data.changes.events.some((each) => each.revision === {last})")
    assert page.problems == []


async def test_a_sample_that_is_open_is_not_opened_twice(explorer: Explorer) -> None:
    page = explorer.page
    for title, file in (("People and roles", "people.graphql"), ("Board by state", "board.graphql")):
        await choose(explorer, title, text(file))
    variables = f"{VARIABLE_EDITOR}.getValue().length"
    # The tabs know what is in the editors after a short while.
    await page.until("[...document.querySelectorAll('.graphiql-tab')].at(-1).innerText.includes('Board')")
    assert await choose(explorer, "People and roles", text("people.graphql")) == {"workspace": "acme"}
    assert await page.run(f"{TABS}.length") == 4
    assert await page.run(variables) > 0
    assert await page.run(f"{TABS}.findIndex(tab => tab.matches('.graphiql-tab-active'))") == 2


async def test_the_search_finds_by_every_word_and_enter_opens_the_first(explorer: Explorer) -> None:
    page = explorer.page
    await page.run(f"{SEARCH}.focus()")
    await page.call("Input.insertText", text="null CLEARS")
    await page.until(f"{MENU}.length === 1")
    assert await page.run(TITLES) == ["Change an issue"]
    await explorer.press("Enter")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {text('change_issue.graphql')!r}")
    await page.run(f"{SEARCH}.select()")
    await page.run(f"{SEARCH}.focus()")
    await page.call("Input.insertText", text="nothing like it")
    await page.until(f"{MENU}.length === 0")
    assert "nothing like it" in await page.run("document.querySelector('.panel').innerText")


async def test_the_menu_is_reached_by_the_keyboard_alone(explorer: Explorer) -> None:
    page = explorer.page
    await page.run(f"{SEARCH}.focus()")
    await explorer.press("Tab")
    assert await page.run(f"document.activeElement === {MENU}[0]")
    await explorer.press("Enter")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {samples()[0].query!r}")
    # The editor has the focus, so that the next keys run it.
    assert await page.run(f"{QUERY_EDITOR}.hasFocus()")
    await explorer.press("Enter", modifiers=2)
    await page.until(f"{RESULT}.includes('totalCount')")


async def test_a_sample_without_anything_to_show_says_so(explorer: Explorer) -> None:
    page = explorer.page
    mutation = 'mutation { workspaceCreate(input: { name: "Empty", slug: "empty" }) { errors { message } } }'
    await explorer.run_query(mutation, '"errors": []')
    await explorer.page.reload()
    await explorer.has_schema()
    await explorer.show_panel("Sign in")
    select = "document.querySelector('.panel select')"
    await page.until(f"{select}.options.length === 2")
    await page.run(f"Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call({select}, 'empty')")
    await page.run(f"{select}.dispatchEvent(new Event('change', {{ bubbles: true }}))")
    await explorer.open_panel("Samples")
    await page.until(f"{MENU}.length > 0")
    await choose(explorer, "One issue with its comments", text("issue.graphql"))
    said = "document.querySelector('.panel [role=alert]').innerText"
    assert await page.run(said) == "empty has no data yet for {issueIdentifier} in the variables."
