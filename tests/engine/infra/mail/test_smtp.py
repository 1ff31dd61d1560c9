import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import SMTPUTF8, default
from pathlib import Path

import pytest

from domain.shared.errors import Unavailable
from domain.shared.mail import ADDRESS, Mail, Mailer
from domain.workspaces.mails import MemberWelcome
from infra.mail.letters import JinjaLetters
from infra.mail.mailbox import DiskMailbox, MailboxMailer
from infra.mail.smtp import Encryption, SmtpMailer, SmtpServer, UnsetMailer, message_of
from infra.shared.clock import SystemClock
from tests.engine.infra.mail.smtp_sink import SmtpSink, server_certificates, smtp_sink, trusting_certificates
from tests.fakes.mail import MemoryMailer
from tests.patience import PATIENCE

SITE = "https://tracker.example.org"
LETTER = MemberWelcome(person="žluťoučký kůň", workspace="Grüße an Ada", url=f"{SITE}/acme")
MAIL = Mail(id="job_1", to="ada@example.org", letter=LETTER)
LETTERS = JinjaLetters(site=SITE)
SENDER = "Workgraph <tracker@example.org>"
DELIVERY = {"MAIL", "RCPT", "DATA"}


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


def server_at(
    sink: SmtpSink,
    *,
    scheme: str = "smtp",
    login: str = "",
    encryption: Encryption = "off",
    trusts: bool = True,
    seconds: float = 5.0,
) -> SmtpServer:
    url = f"{scheme}://{login}127.0.0.1:{sink.port}"
    certificates = trusting_certificates() if trusts else None
    return SmtpServer(url, encryption=encryption, seconds=seconds, certificates=certificates)


def mailer_to(server: SmtpServer) -> SmtpMailer:
    return SmtpMailer(server, LETTERS, SystemClock(), sender=SENDER)


@dataclass
class Case:
    """A mailer, the ids and addresses that have reached its server, and how to make that refuse."""

    mailer: Mailer
    arrived: Callable[[], Awaitable[list[tuple[str, str]]]]
    break_down: Callable[[], None]


def memory_case() -> Case:
    mailer = MemoryMailer()

    async def arrived() -> list[tuple[str, str]]:
        return [(mail.id, mail.to) for mail in mailer.sent]

    return Case(mailer, arrived, lambda: setattr(mailer, "is_away", True))


def smtp_case(sink: SmtpSink) -> Case:
    async def arrived() -> list[tuple[str, str]]:
        return [(mail["Message-ID"].strip("<>").partition("@")[0], mail["To"]) for mail in sink.mails]

    return Case(mailer_to(server_at(sink)), arrived, lambda: sink.answers.update({"RCPT": "451 later"}))


@pytest.fixture(params=["memory", "smtp"])
async def case(request: pytest.FixtureRequest, sink: SmtpSink) -> Case:
    return memory_case() if request.param == "memory" else smtp_case(sink)


async def test_a_mail_arrives_once_at_its_one_address(case: Case) -> None:
    assert case.mailer.is_set
    await case.mailer.send(MAIL)
    await case.mailer.send(Mail(id="job_2", to="bob@example.org", letter=LETTER))

    assert await case.arrived() == [("job_1", "ada@example.org"), ("job_2", "bob@example.org")]


async def test_a_refused_mail_is_reported_as_unavailable_and_dropped(case: Case) -> None:
    case.break_down()

    with pytest.raises(Unavailable, match="mail server"):
        await case.mailer.send(MAIL)

    assert await case.arrived() == []


async def test_the_mailbox_takes_what_the_others_take(tmp_path: Path) -> None:
    mailbox = DiskMailbox(tmp_path / "mail")
    mailer: Mailer = MailboxMailer(mailbox, LETTERS, SystemClock())
    assert mailer.is_set
    await mailer.send(MAIL)
    await mailer.send(Mail(id="job_2", to="bob@example.org", letter=LETTER))

    assert [(mail.id, mail.to) for mail in await mailbox.newest()] == [
        ("job_2", "bob@example.org"),
        ("job_1", "ada@example.org"),
    ]


@pytest.mark.parametrize("mailer", [UnsetMailer(), MemoryMailer(is_set=False)])
async def test_without_a_mail_server_nothing_is_sent(mailer: Mailer, caplog: pytest.LogCaptureFixture) -> None:
    assert not mailer.is_set
    with pytest.raises(Unavailable):
        await mailer.send(MAIL)
    assert caplog.text == ""


@pytest.mark.parametrize("control", ["\n", "\r", "\0", "\x1b", "\u0085", "\u2028", ", ", ",", ";", " ", "<", '"'])
def test_no_mail_can_smuggle_in_a_header_or_a_recipient(control: str) -> None:
    with pytest.raises(ValueError, match="exactly one address"):
        replace(MAIL, to=f"ada@example.org{control}eve@example.org")
    with pytest.raises(ValueError, match="exactly one address"):
        replace(MAIL, to=f"ada{control}eve@example.org")
    with pytest.raises(ValueError, match="A mail's id"):
        replace(MAIL, id=f"job_1{control}Bcc: eve@example.org")
    with pytest.raises(ValueError, match="A mail's id"):
        replace(MAIL, id=f"job_1{control}")


def test_the_facts_of_a_mail_are_not_in_what_a_log_would_show() -> None:
    assert LETTER.url not in repr(MAIL)


async def test_a_mail_is_plain_text_and_html_as_they_were_written(sink: SmtpSink) -> None:
    await mailer_to(server_at(sink)).send(MAIL)

    [mail] = sink.mails
    written = LETTERS.write(LETTER)
    assert mail["Subject"] == written.subject
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == written.text
    assert html.get_content().replace("\r\n", "\n") == written.html


async def test_mails_have_sender_message_id_and_date(sink: SmtpSink) -> None:
    mailer = mailer_to(server_at(sink))
    await mailer.send(MAIL)
    await mailer.send(MAIL)

    first, second = sink.mails
    assert first["From"] == SENDER
    assert first["Message-ID"] == second["Message-ID"] == "<job_1@example.org>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].datetime.utcoffset().total_seconds() == 0
    assert sink.envelopes[:2] == [("MAIL", "tracker@example.org"), ("RCPT", "ada@example.org")]


@pytest.mark.parametrize("to", ["a..b@example.org", "a'b+c@example.org", "ädä@grüße.example", "x@[192.0.2.1]"])
async def test_an_unusual_address_alone_gets_its_mail(sink: SmtpSink, to: str) -> None:
    sink.answers["EHLO"] = "250-sink\r\n250-SMTPUTF8\r\n250 8BITMIME"
    await mailer_to(server_at(sink)).send(replace(MAIL, to=to))

    assert [address for command, address in sink.envelopes if command == "RCPT"] == [to]
    assert len(sink.mails[0]["To"].addresses) == 1


async def test_an_ascii_name_at_a_domain_in_letters_needs_no_extension_of_the_server(sink: SmtpSink) -> None:
    await mailer_to(server_at(sink)).send(replace(MAIL, to="ann@grüße.example"))

    assert ("RCPT", "ann@xn--gre-6ka8l.example") in sink.envelopes
    assert sink.mails[0]["To"] == "ann@xn--gre-6ka8l.example"


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.verify)])
def test_every_address_that_is_let_through_stays_one_address(every: int) -> None:
    addresses = [
        address
        for code in (*range(0x80), 0xAD, 0xE4, 0x200B, 0x202E, 0x3002, 0xFEFF, 0x1F600)
        for shape in ("a{}b@example.org", "{}@example.org", "a@b{}c", "a@{}", "a@[{}]")
        if ADDRESS.fullmatch(address := shape.format(chr(code)))
    ]
    assert len(addresses) > 300
    written = LETTERS.write(LETTER)
    for address in (*addresses[::every], "=?utf-8?q?a?=@example.org", "a@=?utf-8?q?b?="):
        message = message_of(replace(MAIL, to=address), written, sender=SENDER, clock=SystemClock())
        read = message_from_bytes(message.as_bytes(policy=SMTPUTF8), policy=default)
        assert len(read["To"].addresses) == 1, address
        assert read.keys() == message.keys(), address


@pytest.mark.parametrize("words", ["451 what?", "221"])
async def test_a_bad_farewell_does_not_undo_a_mail_that_was_taken(sink: SmtpSink, words: str) -> None:
    sink.answers["QUIT"] = words

    await mailer_to(server_at(sink)).send(MAIL)

    assert len(sink.mails) == 1


async def test_a_missing_farewell_does_not_undo_it_either(sink: SmtpSink) -> None:
    sink.silent_from = "QUIT"

    await mailer_to(server_at(sink)).send(MAIL)

    assert len(sink.mails) == 1


@pytest.mark.parametrize("encryption", ["required", "offered"])
async def test_an_offer_of_encryption_is_taken_and_the_password_goes_through_it(
    sink: SmtpSink, encryption: Encryption
) -> None:
    sink.certificates = server_certificates()

    await mailer_to(server_at(sink, login="me%40here:s3cret%21@", encryption=encryption)).send(MAIL)

    assert sink.clear_commands == ["EHLO", "STARTTLS"]
    assert sink.logins == ["me@here s3cret!"]
    assert len(sink.mails) == 1


async def test_smtps_is_encrypted_from_the_first_byte() -> None:
    async with smtp_sink(is_tls=True) as sink:
        sink.answers["EHLO"] = "250-sink\r\n250 AUTH PLAIN"
        await mailer_to(server_at(sink, scheme="smtps", login="me:s3cret@", encryption="required")).send(MAIL)

    assert (sink.clear_commands, sink.logins, len(sink.mails)) == ([], ["me s3cret"], 1)


async def test_an_untrusted_certificate_is_refused_with_smtps() -> None:
    async with smtp_sink(is_tls=True) as sink:
        with pytest.raises(Unavailable, match="mail server"):
            await mailer_to(server_at(sink, scheme="smtps", trusts=False)).send(MAIL)

    assert sink.commands == []


@pytest.mark.parametrize("encryption", ["required", "offered"])
async def test_an_untrusted_certificate_is_refused_with_starttls(sink: SmtpSink, encryption: Encryption) -> None:
    sink.certificates = server_certificates()

    with pytest.raises(Unavailable, match="mail server"):
        await mailer_to(server_at(sink, login="me:s3cret@", encryption=encryption, trusts=False)).send(MAIL)

    assert sink.commands == ["EHLO", "STARTTLS"]


async def test_the_certificate_of_another_host_is_refused(sink: SmtpSink) -> None:
    sink.certificates = server_certificates()
    server = SmtpServer(
        f"smtp://localhost:{sink.port}", encryption="required", seconds=5, certificates=trusting_certificates()
    )

    with pytest.raises(Unavailable, match="mail server"):
        await mailer_to(server).send(MAIL)

    assert not DELIVERY & set(sink.commands)


async def test_a_server_without_encryption_is_refused_unless_that_is_allowed(sink: SmtpSink) -> None:
    with pytest.raises(Unavailable, match="it offers no encryption; WORKGRAPH_SMTP_ENCRYPTION"):
        await mailer_to(server_at(sink, encryption="required")).send(MAIL)
    assert not DELIVERY & set(sink.commands)

    await mailer_to(server_at(sink, encryption="offered")).send(MAIL)
    assert len(sink.mails) == 1


@pytest.mark.parametrize("encryption", ["required", "offered", "off"])
async def test_a_password_is_not_sent_without_encryption(sink: SmtpSink, encryption: Encryption) -> None:
    sink.answers["EHLO"] = "250-sink\r\n250 AUTH PLAIN LOGIN"

    with pytest.raises(Unavailable, match="encryption") as caught:
        await mailer_to(server_at(sink, login="me:s3cret@", encryption=encryption)).send(MAIL)

    assert not {"AUTH", *DELIVERY} & set(sink.commands)
    assert "s3cret" not in str(caught.value)


async def test_the_failure_of_an_offered_encryption_is_final(sink: SmtpSink) -> None:
    sink.answers |= {"EHLO": "250-sink\r\n250 STARTTLS", "STARTTLS": "454 not now"}

    with pytest.raises(Unavailable, match="454"):
        await mailer_to(server_at(sink, encryption="offered")).send(MAIL)

    assert sink.commands[:2] == ["EHLO", "STARTTLS"]
    assert not DELIVERY & set(sink.commands)


async def test_a_refusal_says_its_code_and_not_the_server_s_words(sink: SmtpSink) -> None:
    sink.answers["RCPT"] = "550 ada@example.org is unknown to me"

    with pytest.raises(Unavailable) as caught:
        await mailer_to(server_at(sink)).send(MAIL)

    assert str(caught.value).endswith(": SMTPRecipientRefused 550.")


@pytest.mark.parametrize("silent_from", ["*", "EHLO", "MAIL", "DATA"])
async def test_one_deadline_holds_for_a_whole_delivery(sink: SmtpSink, silent_from: str) -> None:
    sink.silent_from = silent_from

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable, match="mail server"):
            await mailer_to(server_at(sink, seconds=0.3)).send(MAIL)

    assert sink.mails == []


async def test_the_deadline_is_for_all_steps_together(sink: SmtpSink) -> None:
    sink.pause = 0.2

    with pytest.raises(Unavailable, match="TimeoutError"):
        await mailer_to(server_at(sink, seconds=0.5)).send(MAIL)

    assert sink.commands[:2] == ["EHLO", "MAIL"]
    assert sink.mails == []


async def test_an_unreachable_server_makes_mail_unavailable() -> None:
    async with smtp_sink() as gone:
        server = server_at(gone)

    with pytest.raises(Unavailable, match="SMTPConnectError"):
        await mailer_to(server).send(MAIL)


async def test_a_probe_goes_as_far_as_the_login(sink: SmtpSink) -> None:
    sink.certificates = server_certificates()

    await server_at(sink, login="me:s3cret@", encryption="required").probe()
    assert sink.logins == ["me s3cret"]
    assert not DELIVERY & set(sink.commands)

    sink.answers["AUTH"] = "535 no, me is not to come in with s3cret"
    with pytest.raises(Unavailable) as caught:
        await server_at(sink, login="me:s3cret@", encryption="required").probe()
    assert str(caught.value).endswith(": SMTPAuthenticationError 535.")
