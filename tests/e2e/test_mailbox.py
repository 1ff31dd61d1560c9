"""The page /dev/mail in a real browser, which enforces our security policies."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from api.front.look import look_routes
from api.http.security_headers import SecurityHeaders
from api.mailbox.pages import mailbox_router
from domain.shared.mail import StoredMail
from domain.workspaces.mails import MemberWelcome
from infra.mail.letters import JinjaLetters
from tests.e2e.browser import SECONDS, Page, needs_browser, opened_page
from tests.e2e.loopback import served

pytestmark = needs_browser

LINKED = "linked?token=a-B_1&c=d"
# What a mail might try; the link fills the frame, so that a click cannot miss it.
HOSTILE = """<!doctype html>
<html><head></head><body style="margin: 0"><script>fetch('/ran')</script><img src="/loaded" onerror="fetch('/ran')">
<a href="{url}" style="display: block; height: 1000px">Go</a></body></html>
"""


class OneMail:
    """Mailbox with one mail, which the test sets."""

    def __init__(self) -> None:
        self.mail = StoredMail(
            id="job_1",
            to="ada@example.org",
            subject="-",
            text="-",
            html="-",
            sent_at=datetime(2026, 11, 23, tzinfo=UTC),
        )

    async def newest(self) -> Sequence[StoredMail]:
        return [self.mail]

    async def find(self, mail_id: str) -> StoredMail | None:
        return self.mail if mail_id == self.mail.id else None


def app_with(mailbox: OneMail, visits: asyncio.Queue[str]) -> FastAPI:
    """Application with the mailbox, and with a page for every other path that notes the visit."""
    app = FastAPI()
    app.include_router(mailbox_router(mailbox))
    app.router.routes.extend(look_routes())

    @app.get("/{path}")
    async def linked(path: str, request: Request) -> Response:
        if not path.startswith("favicon."):
            visits.put_nowait(f"{path}?{request.url.query}")
        return HTMLResponse("there")

    app.add_middleware(SecurityHeaders)
    return app


async def visit_by(page: Page, selector: str, visits: asyncio.Queue[str]) -> str:
    """Visit that a click leads to; clicks again because a frame that is not painted yet takes no click."""
    async with asyncio.timeout(SECONDS):
        while visits.empty():
            await page.click(selector)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(visits.get(), timeout=1)
        return visits.get_nowait()


async def address_in(page: Page, selector: str) -> str:
    """Target of a link, read without a click because the page reloads itself every few seconds."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = await page.run(f"document.querySelector({selector!r})?.href ?? ''")
            if found:
                return str(found)


def other_visits(visits: asyncio.Queue[str]) -> set[str]:
    """Visits to other paths than the link, which a repeated click may have followed twice."""
    return {visits.get_nowait() for _ in range(visits.qsize())} - {LINKED}


async def test_a_mail_is_read_and_its_links_are_followed_while_it_runs_nothing(tmp_path: Path) -> None:
    mailbox = OneMail()
    visits: asyncio.Queue[str] = asyncio.Queue()
    async with served(app_with(mailbox, visits)) as address, opened_page() as page:
        url = f"{address}/{LINKED}"
        letter = MemberWelcome(person="Ada <b>", workspace="Acme", url=url)
        written = JinjaLetters(site=address).write(letter)
        mailbox.mail = replace(mailbox.mail, subject=written.subject, text=written.text, html=written.html)
        await page.call("Page.navigate", url=f"{address}/dev/mail")
        await page.until("document.querySelector('li a') !== null")
        await page.screenshot(tmp_path / "list.png")
        await page.call("Page.navigate", url=await address_in(page, "li a"))
        assert await visit_by(page, "pre a", visits) == LINKED
        await page.screenshot(tmp_path / "mail.png")
        assert other_visits(visits) == set()
        assert page.problems == []

        mailbox.mail = replace(mailbox.mail, html=HOSTILE.format(url=url))
        await page.call("Page.bringToFront")  # the link has opened a tab of its own
        await page.call("Page.navigate", url=f"{address}/dev/mail/job_1")
        await page.until("document.readyState === 'complete'")
        assert await visit_by(page, "iframe", visits) == LINKED
        assert other_visits(visits) == set(), "it has loaded or run something"
        assert await page.run("location.pathname") == "/dev/mail/job_1"
