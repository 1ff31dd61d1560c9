"""The explorer's page over a real application with the demo workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from api.explorer.install import install
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests.e2e.browser import Page, opened_page
from tests.e2e.tracker import Tracker, running_tracker

QUERY_EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror')?.CodeMirror"
VARIABLE_EDITOR = "document.querySelector('[aria-label=Variables] .CodeMirror')?.CodeMirror"
RESULT = "(document.querySelector('.result-window')?.innerText ?? '')"
HAS_SCHEMA = f"{QUERY_EDITOR}?.options.hintOptions.schema != null"
RUN = ".graphiql-execute-button"
FORM = "document.querySelector('.panel form')"
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, "")}
"""Windows' code of a key, and the text that it types."""
ACCOUNT = "document.querySelector('.panel .person')"


@dataclass(frozen=True)
class Explorer:
    """The page in a browser, and the server in this process that it talks to."""

    page: Page
    tracker: Tracker

    @property
    def address(self) -> str:
        return self.tracker.address

    @property
    def app(self) -> FastAPI:
        return self.tracker.app

    async def open(self) -> None:
        await self.page.call("Page.navigate", url=f"{self.address}/graphiql")

    async def fill_in(self, **values: str) -> None:
        """Types into the form's fields as a person would, and sends it."""
        for name, value in values.items():
            await self.page.run(f"{FORM}.elements[{name!r}].focus()")
            await self.page.run("document.activeElement.select()")
            await self.page.call("Input.insertText", text=value)
        await self.page.run(f"{FORM}.requestSubmit()")

    async def sign_in(self, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> None:
        """Signs in with the form and waits until the schema has loaded."""
        await self.page.until(f"{FORM} !== null")
        await self.fill_in(email=email, password=password)
        await self.page.until(f"{ACCOUNT} !== null")
        await self.has_schema()

    async def sign_out(self) -> None:
        await self.show_panel("Sign in")
        await self.page.run(f"{ACCOUNT}.parentElement.querySelector('button').click()")
        await self.page.until(f"{FORM} !== null")

    async def has_schema(self) -> None:
        await self.page.until(HAS_SCHEMA)

    async def run_query(self, text: str, expected: str) -> None:
        await self.page.run(f"{QUERY_EDITOR}.setValue({text!r})")
        # It reads the text after a short while.
        await self.page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {text!r}")
        await self.page.run("document.querySelector('.graphiql-execute-button').click()")
        await self.page.until(f"{RESULT}.includes({expected!r})")

    async def open_panel(self, title: str) -> None:
        await self.page.run(f"document.querySelector('button[aria-label=\"Show {title}\"]').click()")
        await self.page.until(f"document.querySelector('button[aria-label=\"Hide {title}\"]') !== null")

    async def show_panel(self, title: str) -> None:
        """Opens the panel unless it is already open."""
        if await self.page.run(f"document.querySelector('button[aria-label=\"Hide {title}\"]') === null"):
            await self.open_panel(title)

    async def press(self, key: str, *, modifiers: int = 0) -> None:
        """A key on the keyboard; `modifiers` is the sum of 1 Alt, 2 Ctrl, 4 Meta and 8 Shift."""
        code, typed = KEYS[key]
        described = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.page.call("Input.dispatchKeyEvent", type="keyDown", text=typed, **described)
        await self.page.call("Input.dispatchKeyEvent", type="keyUp", **described)

    async def stored(self) -> str:
        """Local storage and session storage of the page, as JSON."""
        found: Any = await self.page.run("JSON.stringify({...localStorage, ...sessionStorage})")
        return str(found)


@asynccontextmanager
async def opened_explorer(
    settings: Settings, *, seeded: int = 40, access_life: timedelta | None = None
) -> AsyncIterator[Explorer]:
    """Installs GraphiQL where it is missing; the settings' database gets the demo workspace."""
    install()
    async with running_tracker(settings, seeded=seeded, access_life=access_life) as tracker, opened_page() as page:
        explorer = Explorer(page, tracker)
        await explorer.open()
        yield explorer
