from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.explorer.install import install
from tests.api.http.http_world import TOKEN, World, build
from tests.e2e.browser import Page, browser_path, opened_page
from tests.e2e.loopback import served

QUERY_EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
HEADERS_EDITOR = "document.querySelector('.graphiql-tool-editor:not(.hidden) .CodeMirror, "
HEADERS_EDITOR += ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror').CodeMirror"
RESULT = "(document.querySelector('.result-window')?.innerText ?? '')"

pytestmark = [
    pytest.mark.verify,
    pytest.mark.skipif(browser_path() is None, reason="No Chromium here; on Debian: apt install chromium"),
]


async def run_query(page: Page, text: str, expected: str) -> None:
    await page.run(f"{QUERY_EDITOR}.setValue({text!r})")
    # It reads the text after a short while.
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {text!r}")
    await page.run("document.querySelector('.graphiql-execute-button').click()")
    await page.until(f"{RESULT}.includes({expected!r})")


async def test_the_explorer_works_offline(tmp_path: Path) -> None:
    install()
    async with served(build(World())) as address, opened_page() as page:
        await page.call("Page.navigate", url=f"{address}/graphiql")
        await page.until(f"{QUERY_EDITOR.removesuffix('.CodeMirror')} !== null")
        prepared = await page.run(f"{QUERY_EDITOR}.getValue()")
        assert 'workspace(slug: "acme")' in prepared
        await page.until(f"{RESULT}.includes('Sign in first')")
        await page.screenshot(tmp_path / "signed-out.png")

        await page.run(f'{HEADERS_EDITOR}.setValue(\'{{"Authorization": "Bearer {TOKEN}"}}\')')
        await page.until(f"{QUERY_EDITOR}.options.hintOptions.schema != null")
        await run_query(page, "{ viewer item { name } }", '"viewer": "usr_ada"')
        await run_query(page, "subscription { ticks }", '"ticks": 1')
        await page.screenshot(tmp_path / "signed-in.png")

        assert page.problems == []
        hosts = {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")}
        assert hosts == {urlsplit(address).netloc}
        assert any(url.startswith("ws://") for url in page.requests)
        stored = await page.run("JSON.stringify({...localStorage, ...sessionStorage})")
        assert TOKEN not in stored
    assert (tmp_path / "signed-in.png").stat().st_size > 20_000
