import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.front.look import STYLE_PATH
from api.http.security_headers import SecurityHeaders
from api.mailbox.pages import mailbox_router
from api.main import http_options, routers
from api.rest.problems import install_problem_handlers
from api.schema import schema
from domain.shared.mail import StoredMail
from infra.bootstrap import mailer, open_app
from infra.mail.mailbox import MailboxMailer
from infra.mail.smtp import SmtpMailer, UnsetMailer
from infra.settings import Settings
from tests.fakes.clock import MemoryClock

LINK = "http://localhost:8000/auth/verify?token=abc_DEF-123&a=b"
MAIL = StoredMail(
    id="job_1",
    to="ada@example.org",
    subject='<b>Hello</b> & "welcome"',
    text=f"Hello <script>alert(1)</script>,\n\n{LINK}\n",
    html='<!doctype html>\n<html lang="en">\n<head>\n<title>x</title></head><body><a href="/x">Go</a></body></html>\n',
    sent_at=datetime(2026, 11, 23, 7, 8, 9, tzinfo=UTC),
)
OTHER = replace(MAIL, id="job_2", to="bob@example.org", subject="Another")


class ListedMailbox:
    def __init__(self, *mails: StoredMail) -> None:
        self.mails = mails

    async def newest(self) -> Sequence[StoredMail]:
        return self.mails

    async def find(self, mail_id: str) -> StoredMail | None:
        return next((mail for mail in self.mails if mail.id == mail_id), None)


async def get(path: str, *mails: StoredMail, client: str = "127.0.0.1") -> httpx.Response:
    app = FastAPI()
    app.include_router(mailbox_router(ListedMailbox(*mails)))
    app.add_middleware(SecurityHeaders)
    install_problem_handlers(app)
    transport = httpx.ASGITransport(app, client=(client, 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as browser:
        return await browser.get(path)


async def test_the_list_leads_to_each_mail_in_its_order_and_shows_markup_as_text() -> None:
    response = await get("/dev/mail", OTHER, MAIL)

    assert response.status_code == 200
    assert re.findall(r'href="(/dev/mail/job[^"]*)">(.*?)</a>', response.text) == [
        ("/dev/mail/job_2", "Another"),
        ("/dev/mail/job_1", "&lt;b&gt;Hello&lt;/b&gt; &amp; &#34;welcome&#34;"),
    ]
    assert "to bob@example.org, 2026-11-23 07:08:09 UTC" in response.text


async def test_an_empty_list_says_so() -> None:
    assert "No mail yet." in (await get("/dev/mail")).text


async def test_a_mail_is_shown_as_text_with_links_and_as_html_in_a_sandbox() -> None:
    page = await get("/dev/mail/job_1", MAIL)

    assert "Hello &lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    shown = LINK.replace("&", "&amp;")
    assert f'<a href="{shown}" rel="noopener noreferrer" target="_blank">{shown}</a>' in page.text
    sandbox = 'sandbox="allow-popups allow-popups-to-escape-sandbox"'
    assert f'<iframe src="/dev/mail/job_1/html" title="HTML" {sandbox}></iframe>' in page.text

    framed = await get("/dev/mail/job_1/html", MAIL)
    assert framed.text == MAIL.html.replace("<head>", '<head><base target="_blank">')
    policy = framed.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'; " in policy
    assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
    assert "script-src" not in policy


@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail/job_1"])
async def test_a_page_runs_nothing_and_loads_only_its_own_style(path: str) -> None:
    response = await get(path, MAIL)

    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert policy.endswith("frame-src 'self'; form-action 'none'")
    assert "frame-ancestors 'none'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert "<script" not in response.text
    assert " style=" not in response.text
    assert re.findall(r'rel="stylesheet" href="([^"]*)"', response.text) == [STYLE_PATH]


async def test_a_script_gets_everything_and_can_ask_for_one_address() -> None:
    everything = (await get("/dev/mail.json", OTHER, MAIL)).json()
    assert [mail["id"] for mail in everything["mails"]] == ["job_2", "job_1"]

    assert (await get("/dev/mail.json?to=ada%40example.org", OTHER, MAIL)).json() == {
        "mails": [
            {
                "id": "job_1",
                "to": MAIL.to,
                "subject": MAIL.subject,
                "sentAt": "2026-11-23T07:08:09Z",
                "text": MAIL.text,
                "html": MAIL.html,
                "links": [LINK],
            }
        ]
    }


@pytest.mark.parametrize("path", ["/dev/mail/job_9", "/dev/mail/job_9/html", "/dev/mail/..%2fsecret_key"])
async def test_missing_mail_is_not_found(path: str) -> None:
    assert (await get(path, MAIL)).status_code == 404


@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail.json", "/dev/mail/job_1", "/dev/mail/job_1/html"])
@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.2", "", "testclient"])
async def test_another_machine_sees_nothing(path: str, client: str) -> None:
    response = await get(path, MAIL, client=client)

    assert response.status_code == 403
    assert MAIL.to not in response.text


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1"])
async def test_this_machine_does(client: str) -> None:
    assert (await get("/dev/mail", MAIL, client=client)).status_code == 200


def settings_of(folder: Path, **values: object) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder,
        database_url=SecretStr("postgresql://nobody@localhost/none"),
        redis_url=SecretStr("redis://localhost"),
        secret_key=SecretStr("q8Vn2LxT5rZc0Wb7Jm4Hs9Ky1Pd6Gf3Ua"),
        **values,
    )


SMTP = {"smtp_url": "smtp://localhost:25"}
HOME = {"public_url": "http://localhost:8000"}
ABROAD = {"public_url": "https://tracker.example.org"}
PRODUCTION = {"environment": "production"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, MailboxMailer),
        (HOME, MailboxMailer),
        ({"public_url": "http://127.0.0.1:8000"}, MailboxMailer),
        (ABROAD, UnsetMailer),
        (SMTP, SmtpMailer),
        (PRODUCTION | ABROAD, UnsetMailer),
        (PRODUCTION | HOME, UnsetMailer),
        (PRODUCTION | ABROAD | SMTP, SmtpMailer),
        (PRODUCTION | HOME | SMTP, SmtpMailer),
    ],
    ids=str,
)
async def test_the_mailbox_exists_in_development_without_a_server_and_nowhere_else(
    tmp_path: Path, values: dict[str, object], kind: type
) -> None:
    settings = settings_of(tmp_path, **values)
    assert isinstance(mailer(settings, MemoryClock()), kind)

    app = create_app(partial(open_app, settings), http_options(settings), schema=schema, routers=routers(settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{settings.hosts[0]}") as client:
        unknown = await client.get("/dev/else")
        for path in ("/dev/mail", "/dev/mail.json"):
            response = await client.get(path)
            if kind is MailboxMailer:
                assert response.status_code == 200, path
            else:
                assert (response.status_code, response.content) == (404, unknown.content), path
