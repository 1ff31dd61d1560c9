"""The tab as a program and the schema as a file, in a browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.schema import sdl
from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import QUERY_EDITOR, Explorer, opened_explorer
from tests.e2e.test_explorer_snippets import access_token, commands, operation, programs, run

pytestmark = needs_browser

SECONDS = 60
PANEL = "document.querySelector('.panel.copy')"
PROGRAM = f"{PANEL}.querySelector('pre')?.innerText"
LANGUAGES = f"[...{PANEL}.querySelectorAll('.choices button')]"
VARIABLE_EDITOR = "document.querySelector('[aria-label=Variables] .CodeMirror').CodeMirror"
QUERY = '# it\'s "nasty" \\ `$HOME` ${x} é😀\nquery Ask($text: String!) { workspace(slug: $text) { name } }\n'
VARIABLES = '{ "text": "it\'s \\"nasty\\" \\\\ `$HOME` ${x}\\né😀" }'


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.sign_in()
        await opened.open_panel("Copy as")
        yield opened


async def choose(explorer: Explorer, language: str) -> None:
    await explorer.page.run(f"{LANGUAGES}.find(each => each.innerText === {language!r}).click()")
    await explorer.page.until(f"{PANEL}.querySelector('[aria-pressed=true]').innerText === {language!r}")


async def test_the_current_tab_is_shown_in_each_language(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    assert await page.run(f"{LANGUAGES}.map(each => each.innerText)") == ["curl", "Python", "JavaScript"]
    await page.run(f"{QUERY_EDITOR}.setValue({QUERY!r})")
    await page.run(f"{VARIABLE_EDITOR}.setValue({VARIABLES!r})")
    await page.until(f"{PROGRAM}.includes('nasty') && {PROGRAM}.includes('variables')")
    values = {"text": 'it\'s "nasty" \\ `$HOME` ${x}\né😀'}
    [written] = await programs([operation(f"{explorer.address}/graphql", QUERY, values)], tmp_path)
    for language, program in written.items():
        await choose(explorer, language)
        await page.until(f"{PROGRAM}.includes('WORKGRAPH_TOKEN')")
        assert (await page.run(PROGRAM)).strip() == program.strip()
        assert "eyJ" not in program, "an access token"
        await page.screenshot(tmp_path / f"{language}.png")
    assert page.problems == []


async def test_a_copied_snippet_runs(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    origin = explorer.address
    permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    await page.call("Browser.grantPermissions", origin=origin, permissions=permissions)
    await page.run(f"{QUERY_EDITOR}.setValue({QUERY!r})")
    await page.run(f'{VARIABLE_EDITOR}.setValue(\'{{"text": "acme"}}\')')
    written = '"text": "acme"'
    await page.until(f"{PROGRAM}.includes('nasty') && {PROGRAM}.includes({written!r})")
    await page.call("Page.bringToFront")
    await page.run(f"{PANEL}.querySelector('button.primary').click()")
    await page.until(f"{PANEL}.querySelector('button.primary').innerText === 'Copied'")
    file = tmp_path / "copied.sh"
    file.write_text(await page.run("navigator.clipboard.readText()"))
    answer = json.loads(await run(*commands("curl", [file]), token=await access_token(explorer.address)))
    assert answer.get("data") == {"workspace": {"name": "Acme"}}, answer
    assert page.problems == []


async def test_a_failed_copy_is_reported(explorer: Explorer) -> None:
    page = explorer.page
    said = f"{PANEL}.querySelector('[role=status]')?.innerText"
    await page.run(f"{QUERY_EDITOR}.setValue('subscription {{ changes(workspace: \"acme\") {{ upTo }} }}')")
    await page.until(f"{said} === 'Subscriptions require a WebSocket, which curl does not support.'")
    await choose(explorer, "Python")
    await page.until(f"{PROGRAM}?.includes('WebsocketsTransport')")
    await page.run(f"{VARIABLE_EDITOR}.setValue('{{')")
    await page.until(f"{said} === 'The variables are not valid JSON.'")
    await page.run(f"{QUERY_EDITOR}.setValue('{{')")
    await page.until(f"{said} === 'The editor has no operation that can be parsed.'")
    assert page.problems == []


async def test_the_schema_is_downloaded(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.page
    await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    await page.run(f"[...{PANEL}.querySelectorAll('button')].at(-1).click()")
    file = tmp_path / "schema.graphql"
    async with asyncio.timeout(SECONDS):
        while not file.is_file():  # noqa: ASYNC110  only the folder tells; it has another name until it is whole
            await asyncio.sleep(0.02)
    assert file.read_text() == sdl()
    assert page.problems == []
