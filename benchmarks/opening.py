"""`python -m benchmarks.opening`: seconds until the explorer of `workgraph dev` can be used, nothing being cached."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.starting import development_folder, running_dev
from tests.e2e.browser import Page, opened_page
from tests.e2e.explorer import HAS_SCHEMA, QUERY_EDITOR

ROUNDS = 7
DEMO_BUTTON = "document.querySelector('.panel form button[type=button]')"
# Milliseconds of the page's own clock, which starts with the navigation.
WHEN = """new Promise((resolve) => {{
  const timer = setInterval(() => {{ if ({}) {{ clearInterval(timer); resolve(performance.now()); }} }}, 5);
}})"""
LOADED = "performance.getEntriesByType('resource').map(({ transferSize }) => transferSize)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Seconds until the editor accepts text, and until a query can run after the demo account has signed in."""

    editor: float
    signed_in: float
    requests: int
    size: int


async def measured(url: str, *, rounds: int = ROUNDS) -> Sequence[Opening]:
    """Measures the opening of the explorer `rounds` times, each in a new browser."""
    openings = []
    for _ in range(rounds):
        async with opened_page() as page:
            openings.append(await _opening(page, url))
    return openings


async def _opening(page: Page, url: str) -> Opening:
    await page.call("Page.navigate", url=f"{url}/graphiql")
    editor = await page.run(WHEN.format(f"{QUERY_EDITOR} && {DEMO_BUTTON}"))
    await page.run(f"{DEMO_BUTTON}.click()")
    signed_in = await page.run(WHEN.format(HAS_SCHEMA))
    loaded = await page.run(LOADED)
    return Opening(editor=editor / 1000, signed_in=signed_in / 1000, requests=len(loaded) + 1, size=sum(loaded))


def main() -> None:
    with development_folder() as folder, running_dev(folder) as port:
        openings = asyncio.run(measured(f"http://127.0.0.1:{port}"))
    for name, seconds in (
        ("editor", [each.editor for each in openings]),
        ("signed in, schema read", [each.signed_in for each in openings]),
    ):
        print(f"{name}: {median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f})")
    print(f"{openings[-1].requests} requests, {openings[-1].size / 1_000_000:.1f} MB")


if __name__ == "__main__":
    main()
