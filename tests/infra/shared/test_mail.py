import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from time import perf_counter

import pytest

from domain.shared.errors import Unavailable
from domain.shared.mail import Mail, Mailer
from domain.workspaces.mails import MemberWelcome
from infra.shared.clock import SystemClock
from infra.shared.letters import JinjaLetters
from infra.shared.mail import LogMailer, SmtpMailer
from tests.fakes.mail import MemoryMailer
from tests.infra.shared.smtp_sink import SmtpSink, smtp_sink

SITE = "https://tracker.example.org"
LETTER = MemberWelcome(person="žluťoučký kůň", workspace="Grüße an Ada", url=f"{SITE}/acme")
MAIL = Mail(id="job_1", to="ada@example.org", letter=LETTER)
LETTERS = JinjaLetters(site=SITE)
SENDER = "Workgraph <tracker@example.org>"


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


def mailer_to(sink: SmtpSink, *, login: str = "", timeout: float = 5.0) -> SmtpMailer:
    url = f"smtp://{login}127.0.0.1:{sink.port}"
    return SmtpMailer(url, LETTERS, SystemClock(), sender=SENDER, timeout=timeout)


@dataclass
class Case:
    """A mailer, what has reached its server, and how to make that refuse."""

    mailer: Mailer
    arrived: Callable[[], list[tuple[str, str]]]
    break_down: Callable[[], None]


@pytest.fixture(params=["memory", "smtp"])
async def case(request: pytest.FixtureRequest, sink: SmtpSink) -> Case:
    if request.param == "memory":
        memory = MemoryMailer()
        return Case(
            memory,
            lambda: [(mail.id, mail.to) for mail in memory.sent],
            lambda: setattr(memory, "is_away", True),
        )
    return Case(
        mailer_to(sink),
        lambda: [(mail["Message-ID"].strip("<>").partition("@")[0], mail["To"]) for mail in sink.mails],
        lambda: sink.answers.update({"RCPT": "451 later"}),
    )


async def test_a_mail_arrives_once_at_its_one_address(case: Case) -> None:
    assert case.mailer.is_set
    await case.mailer.send(MAIL)
    await case.mailer.send(Mail(id="job_2", to="bob@example.org", letter=LETTER))

    assert case.arrived() == [("job_1", "ada@example.org"), ("job_2", "bob@example.org")]


async def test_a_mail_is_plain_text_and_html_as_they_were_written(sink: SmtpSink) -> None:
    await mailer_to(sink).send(MAIL)

    [mail] = sink.mails
    written = LETTERS.write(LETTER)
    assert mail["Subject"] == written.subject
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == written.text
    assert html.get_content().replace("\r\n", "\n") == written.html


async def test_a_mail_that_nobody_takes_is_unavailable_and_gone(case: Case) -> None:
    case.break_down()

    with pytest.raises(Unavailable, match="The mail server did not take the mail"):
        await case.mailer.send(MAIL)

    assert case.arrived() == []


@pytest.mark.parametrize("control", ["\n", "\r", "\0", "\x1b", "\u0085", "\u2028", ", ", ";", " "])
def test_no_mail_can_smuggle_in_a_header_or_a_recipient(control: str) -> None:
    with pytest.raises(ValueError, match="exactly one address"):
        replace(MAIL, to=f"ada@example.org{control}eve@example.org")
    with pytest.raises(ValueError, match="A mail's id"):
        replace(MAIL, id=f"job_1{control}Bcc: eve@example.org")
    with pytest.raises(ValueError, match="A mail's id"):
        replace(MAIL, id=f"job_1{control}")


def test_the_facts_of_a_mail_are_not_in_what_a_log_would_show() -> None:
    assert LETTER.url not in repr(MAIL)


async def test_a_bad_farewell_does_not_undo_a_mail_that_was_taken(sink: SmtpSink) -> None:
    sink.answers["QUIT"] = "451 what?"

    await mailer_to(sink).send(MAIL)

    assert len(sink.mails) == 1


async def test_the_headers_say_who_when_and_which(sink: SmtpSink) -> None:
    await mailer_to(sink).send(MAIL)
    await mailer_to(sink).send(MAIL)

    first, second = sink.mails
    assert first["From"] == SENDER
    assert first["Message-ID"] == second["Message-ID"] == "<job_1@example.org>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].datetime.utcoffset().total_seconds() == 0


async def test_a_password_is_not_sent_without_encryption(sink: SmtpSink) -> None:
    sink.answers["EHLO"] = "250-sink\r\n250 AUTH PLAIN LOGIN"

    with pytest.raises(Unavailable, match="SMTPNotSupportedError"):
        await mailer_to(sink, login="me:s3cret@").send(MAIL)

    assert not {"AUTH", "DATA", "MAIL"} & set(sink.commands)


async def test_an_offer_of_encryption_is_taken_and_its_failure_is_final(sink: SmtpSink) -> None:
    sink.answers |= {"EHLO": "250-sink\r\n250 STARTTLS", "STARTTLS": "454 not now"}

    with pytest.raises(Unavailable):
        await mailer_to(sink).send(MAIL)

    assert "STARTTLS" in sink.commands
    assert sink.mails == []


async def test_a_server_that_says_nothing_is_given_up(sink: SmtpSink) -> None:
    sink.is_silent = True
    began = perf_counter()

    with pytest.raises(Unavailable, match="The mail server did not take the mail"):
        await mailer_to(sink, timeout=0.2).send(MAIL)

    assert perf_counter() - began < 2


async def test_without_a_server_the_mail_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "infra.shared.mail")

    await LogMailer(LETTERS).send(MAIL)

    written = LETTERS.write(LETTER)
    [record] = caplog.records
    assert record.getMessage() == f"Mail to {MAIL.to}: {written.subject}\n{written.text}"
