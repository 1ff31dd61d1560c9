"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import base64
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_SECONDS = 30
SECONDS = 60
PHONE_WIDTH = 700
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--window-size=1400,900",
    # Whatever the page might ask of another host cannot succeed, so that it would be seen as an error too.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def browser_path(path: str | None = None) -> str | None:
    """Path of the first known browser on the search path `path` (default: PATH), or None."""
    found = (shutil.which(name, path=path) for name in NAMES)
    return next((each for each in found if each is not None), None)


needs_browser = [
    pytest.mark.verify,
    pytest.mark.skipif(browser_path() is None, reason="No Chromium here; on Debian: apt install chromium"),
]
"""The `pytestmark` of tests in a browser."""


class Navigated(Exception):
    """The document that a script ran in is gone."""


class Page:
    """Browser tab; `requests` collects the addresses it fetches, `problems` the errors it reports."""

    def __init__(self, connection: ClientConnection, *, host: str) -> None:
        self._connection = connection
        self._host = host
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self._news = asyncio.Event()
        self.requests: list[str] = []
        self.problems: list[str] = []

    async def listen(self) -> None:
        async for message in self._connection:
            event = orjson.loads(message)
            if "id" in event:
                self._waiting.pop(event["id"]).set_result(event)
            else:
                self._note(event["method"], event["params"])

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(orjson.dumps({"id": number, "method": method, "params": params}).decode())
        async with asyncio.timeout(2 * SECONDS):
            event = await answer
        if "navigated" in event.get("error", {}).get("message", ""):
            raise Navigated(event)
        assert "error" not in event, event
        return event["result"]

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, script: str) -> None:
        """Returns once the expression is true, be it in another document than the present one."""
        look = f"setInterval(() => {{ if ({script}) {{ clearInterval(timer); resolve(true); }} }}, 50)"
        late = f"setTimeout(() => resolve(false), {SECONDS * 1000})"
        while True:
            try:
                is_true = await self.run(f"new Promise(resolve => {{ const timer = {look}; {late}; }})")
            except Navigated:
                continue
            assert is_true, (script, self.problems)
            return

    async def click(self, selector: str) -> None:
        """Waits until the element is enabled, scrolls it into view and clicks its middle."""
        element = f"document.querySelector({selector!r})"
        await self.until(f"{element} !== null && !{element}.disabled")
        await self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        place = orjson.loads(await self.run(f"JSON.stringify({element}.getClientRects()[0])"))
        middle = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **middle)

    async def resize(self, width: int, height: int) -> None:
        """Resizes the window. Narrow windows are phones, which heed the viewport tag and give scroll bars no room."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE_WIDTH}
        await self.call("Emulation.setDeviceMetricsOverride", **metrics)

    async def prefer(self, scheme: str) -> None:
        """Emulates a system in the color scheme `light` or `dark`."""
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def reload(self) -> None:
        """Reloads the page and returns once the new document has loaded."""
        self._loaded.clear()
        await self.call("Page.reload")
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def has_opened_sockets(self, count: int) -> None:
        """Returns once the page has opened `count` sockets in total."""
        async with asyncio.timeout(SECONDS):
            while sum(url.startswith("ws") for url in self.requests) < count:
                self._news.clear()
                await self._news.wait()

    def take_problems(self) -> list[str]:
        """Returns the problems reported so far and clears the list."""
        found, self.problems = self.problems, []
        return found

    @asynccontextmanager
    async def opened_by_script(self, url: str) -> AsyncIterator["Page"]:
        """Another tab, which begins with a copy of this one's session storage, as a duplicate does."""
        known = await asyncio.to_thread(_page_addresses, self._host)
        await self.call("Runtime.evaluate", expression=f"window.open({url!r}); null", userGesture=True)
        # `window.open` returns when there is a tab.
        [new] = set(await asyncio.to_thread(_page_addresses, self._host)) - set(known)
        async with _connected(new, self._host) as page:
            yield page

    async def screenshot(self, path: Path) -> None:
        picture = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(picture["data"]))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        self._news.set()
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(str(params["entry"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.problems.append(str(params["args"]))


@asynccontextmanager
async def opened_page() -> AsyncIterator[Page]:
    """An empty tab of a browser with a profile of its own."""
    path = browser_path()
    assert path is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            path,
            *FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            host = await _debugger_host(process)
            [address] = await asyncio.to_thread(_page_addresses, host)
            async with _connected(address, host) as page:
                yield page
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def _connected(address: str, host: str) -> AsyncIterator[Page]:
    async with connect(address, max_size=None, proxy=None, ping_interval=None, close_timeout=1) as connection:
        page = Page(connection, host=host)
        listener = asyncio.create_task(page.listen())
        try:
            for domain in ("Page", "Network", "Runtime", "Log"):
                await page.call(f"{domain}.enable")
            yield page
        finally:
            listener.cancel()


async def _debugger_host(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stderr:
            found = re.search(rb"DevTools listening on ws://([^/]+)/", line)
            if found is not None:
                return found[1].decode()
    raise AssertionError("The browser has ended.")


def _page_addresses(host: str) -> list[str]:
    with urlopen(f"http://{host}/json", timeout=START_SECONDS) as answer:
        pages: list[dict[str, str]] = orjson.loads(answer.read())
    return [page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"]
