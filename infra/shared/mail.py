"""Mail over SMTP by the standard library, or into the log where no server is set."""

import asyncio
import contextlib
import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from domain.shared.clock import Clock
from domain.shared.errors import Unavailable
from domain.shared.mail import Mail
from infra.shared.letters import JinjaLetters, WrittenLetter

SMTP_SECONDS = 10.0
_PORTS = {"smtp": 587, "smtps": 465}

_log = logging.getLogger(__name__)


class SmtpMailer:
    """Encrypts where the server can, and sends a password only then."""

    is_set = True

    def __init__(
        self, url: str, letters: JinjaLetters, clock: Clock, *, sender: str, timeout: float = SMTP_SECONDS
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._is_tls = parts.scheme == "smtps"
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._letters = letters
        self._sender = sender
        self._clock = clock
        self._timeout = timeout

    async def send(self, mail: Mail) -> None:
        letter = self._letters.write(mail.letter)
        message = message_of(mail, letter, sender=self._sender, clock=self._clock)
        try:
            await asyncio.to_thread(self._deliver, message)
        except (smtplib.SMTPException, OSError) as error:
            # The answer of the server may repeat the login or the address.
            raise Unavailable(f"The mail server did not take the mail: {type(error).__name__}.") from error

    def _deliver(self, message: EmailMessage) -> None:
        server = self._connection()
        try:
            self._secure(server)
            server.send_message(message)
        finally:
            # The mail is taken or refused by now: a bad farewell must not make us send it again.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        is_encrypted = self._is_tls
        if not is_encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            is_encrypted = True
        if self._login is not None:
            if not is_encrypted:
                raise smtplib.SMTPNotSupportedError("The server offers no encryption for the password.")
            server.login(*self._login)

    def _connection(self) -> smtplib.SMTP:
        if self._is_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)


class LogMailer:
    """Writes mail into the log, for a server at which somebody is only trying things out."""

    is_set = True

    def __init__(self, letters: JinjaLetters) -> None:
        self._letters = letters

    async def send(self, mail: Mail) -> None:
        letter = self._letters.write(mail.letter)
        _log.info("Mail to %s: %s\n%s", mail.to, letter.subject, letter.text)


def message_of(mail: Mail, letter: WrittenLetter, *, sender: str, clock: Clock) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps absence notices from answering
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
