"""The mailbox of a development server: mail that is not sent, shown in a browser or as JSON."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse, JSONResponse

from api.front.look import POLICY, Templates
from domain.shared.errors import NotFound, PermissionDenied
from domain.shared.mail import Mailbox, StoredMail

PATH = "/dev/mail"
FOLDER = Path(__file__).parent
_POLICY = f"{POLICY}; frame-src 'self'; form-action 'none'"
# A mail is untrusted content: it runs and loads nothing, and its links open in another tab.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
LINK = re.compile(r"https?://[^\s<>\"]+")


def mailbox_router(mailbox: Mailbox) -> APIRouter:
    """Routes of `/dev/mail` and below, for clients on this machine only."""
    pages = _Pages(mailbox)
    router = APIRouter(dependencies=[Depends(_from_this_machine)], include_in_schema=False)
    router.add_api_route(PATH, pages.list)
    router.add_api_route(f"{PATH}.json", pages.for_scripts)
    router.add_api_route(f"{PATH}/{{mail_id}}", pages.mail)
    router.add_api_route(f"{PATH}/{{mail_id}}/html", pages.html)
    return router


async def _from_this_machine(request: Request) -> None:
    """Raises PermissionDenied for other machines, because readers of the mail can sign in as any user."""
    host = request.client.host if request.client else ""
    try:
        is_near = ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if not is_near:
        raise PermissionDenied("Mail is shown only to browsers on the machine of the server.")


class _Pages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._templates = Templates(FOLDER)
        self._templates.environment.globals["path"] = PATH
        self._templates.environment.filters["moment"] = _moment

    async def list(self) -> Response:
        return self._page("list.html", mails=await self._mailbox.newest())

    async def for_scripts(self, to: str = "") -> Response:
        """Mail as JSON; `to` restricts it to one recipient."""
        mails = [mail for mail in await self._mailbox.newest() if to in ("", mail.to)]
        return JSONResponse({"mails": [_as_json(mail) for mail in mails]})

    async def mail(self, mail_id: str) -> Response:
        return self._page("mail.html", mail=await self._found(mail_id))

    async def html(self, mail_id: str) -> Response:
        mail = await self._found(mail_id)
        shown = mail.html.replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(shown, headers={"Content-Security-Policy": MAIL_POLICY})

    async def _found(self, mail_id: str) -> StoredMail:
        mail = await self._mailbox.find(mail_id)
        if mail is None:
            raise NotFound("This mail does not exist.", path=("mail_id",))
        return mail

    def _page(self, name: str, **facts: StoredMail | Sequence[StoredMail]) -> Response:
        return self._templates.page(name, facts, policy=_POLICY)


def _as_json(mail: StoredMail) -> dict[str, object]:
    return {
        "id": mail.id,
        "to": mail.to,
        "subject": mail.subject,
        "sentAt": mail.sent_at.isoformat().replace("+00:00", "Z"),
        "text": mail.text,
        "html": mail.html,
        "links": LINK.findall(mail.text),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
