"""`python -m tests.e2e.picture`: takes the README's picture of the explorer anew, with the data of `workgraph dev`."""

import asyncio

from benchmarks.starting import development_folder, running_dev
from tests.e2e.browser import Page, opened_page
from tests.e2e.explorer import HAS_SCHEMA, QUERY_EDITOR, RESULT, RUN
from tests.e2e.processes import ROOT

PICTURE = ROOT / "docs" / "explorer.png"
SIZE = {"width": 1280, "height": 800}  # pixels
PANEL = "document.querySelector('.panel')"


async def take(url: str) -> None:
    """The explorer after a sign-in and a sample, with the panel of costs."""
    async with opened_page() as page:
        await page.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **SIZE)
        await page.call("Page.navigate", url=f"{url}/graphiql")
        await page.click(".panel form button[type=button]")
        await page.until(HAS_SCHEMA)
        await _open_panel(page, "Samples")
        await page.until(f"{PANEL}.innerText.includes('One issue with its comments')")
        await page.run(
            f"[...{PANEL}.querySelectorAll('button')].find((each) => each.innerText.startsWith('One issue')).click()"
        )
        await page.until(f"{QUERY_EDITOR}.operationName === 'OneIssue'")
        for _ in range(2):  # an operation is compiled when it is seen again
            await page.click(RUN)
            await page.until(f"{RESULT}.includes('identifier') && document.querySelector('.graphiql-spinner') === null")
        await _open_panel(page, "Cost")
        await page.until(f"{PANEL}.textContent.includes('Ran compiled')")
        await page.screenshot(PICTURE)


async def _open_panel(page: Page, title: str) -> None:
    await page.click(f'button[aria-label="Show {title}"]')
    await page.until(f"document.querySelector('button[aria-label=\"Hide {title}\"]') !== null")


def main() -> None:
    with development_folder() as folder, running_dev(folder) as port:
        asyncio.run(take(f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    main()
