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
from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_SECONDS = 30
SECONDS = 20
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


def browser_path() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path is not None), None)


class Page:
    """One tab; `requests` and `problems` collect what it asks for and complains about."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
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
        assert "error" not in event, event
        return event["result"]

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, script: str) -> None:
        """Returns once the expression is true."""
        look = f"setInterval(() => {{ if ({script}) {{ clearInterval(timer); resolve(true); }} }}, 50)"
        late = f"setTimeout(() => resolve(false), {SECONDS * 1000})"
        is_true = await self.run(f"new Promise(resolve => {{ const timer = {look}; {late}; }})")
        assert is_true, (script, self.problems)

    async def screenshot(self, path: Path) -> None:
        picture = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(picture["data"]))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
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
            address = await _page_address(process)
            async with connect(address, max_size=None, proxy=None, ping_interval=None) as connection:
                page = Page(connection)
                listener = asyncio.create_task(page.listen())
                try:
                    for domain in ("Page", "Network", "Runtime", "Log"):
                        await page.call(f"{domain}.enable")
                    yield page
                finally:
                    listener.cancel()
        finally:
            process.terminate()
            await process.wait()


async def _page_address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stderr:
            found = re.search(rb"DevTools listening on ws://([^/]+)/", line)
            if found is not None:
                return await asyncio.to_thread(_first_page, found[1].decode())
    raise AssertionError("The browser has ended.")


def _first_page(host: str) -> str:
    with urlopen(f"http://{host}/json", timeout=START_SECONDS) as answer:
        pages: list[dict[str, str]] = orjson.loads(answer.read())
    return next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
