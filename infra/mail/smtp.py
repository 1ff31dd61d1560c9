"""Mail over SMTP, and the mailer without a configured server."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from domain.shared.addresses import ascii_domain
from domain.shared.clock import Clock
from domain.shared.errors import Unavailable
from domain.shared.mail import Mail
from infra.mail.letters import JinjaLetters, WrittenLetter

SMTP_SECONDS = 15.0
FAREWELL_SECONDS = 1.0
PORTS = {"smtp": 587, "smtps": 465}

Encryption = Literal["required", "offered", "off"]


class UnencryptedServerError(Exception):
    """The connection to the server is not encrypted as required; the message says what to do."""


class SmtpServer:
    """The mail server and its encryption; `seconds` limits a whole delivery.

    smtps:// is TLS from the first byte (RFC 8314). smtp:// requires STARTTLS, unless `encryption` allows a server
    without it. A password is never sent without encryption. Certificates are always verified.
    """

    def __init__(
        self,
        url: str,
        *,
        encryption: Encryption,
        seconds: float = SMTP_SECONDS,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._is_tls = parts.scheme == "smtps"
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._encryption = encryption
        self._seconds = seconds
        self._certificates = certificates or ssl.create_default_context()

    async def deliver(self, message: EmailMessage, *, sender: str, to: str) -> None:
        """Sends the message; raises Unavailable unless the server has accepted it."""
        async with self._connected() as client:
            await client.send_message(message, sender=sender, recipients=[to])

    async def probe(self) -> None:
        """Connects, encrypts and signs in, as for a mail; raises Unavailable."""
        async with self._connected():
            pass

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._seconds,
            use_tls=self._is_tls,
            start_tls=False,
            tls_context=self._certificates,
        )
        try:
            async with asyncio.timeout(self._seconds):
                await client.connect()
                await self._secure(client)
                yield client
            # The server has accepted the mail: a failing QUIT must not cause a second delivery.
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=FAREWELL_SECONDS)
        except (SMTPException, OSError, ValueError, UnencryptedServerError) as error:
            raise Unavailable(f"The mail server cannot be used: {_reason(error)}.") from error
        finally:
            client.close()

    async def _secure(self, client: SMTP) -> None:
        is_encrypted = self._is_tls
        await client.ehlo()
        if not is_encrypted and self._encryption != "off" and client.supports_extension("starttls"):
            await client.starttls()
            is_encrypted = True
        if not is_encrypted and self._encryption == "required":
            raise UnencryptedServerError("it offers no encryption; WORKGRAPH_SMTP_ENCRYPTION can allow that")
        if self._login is not None:
            if not is_encrypted:
                raise UnencryptedServerError("a password is not sent without encryption")
            await client.login(*self._login)


class SmtpMailer:
    is_set = True

    def __init__(self, server: SmtpServer, letters: JinjaLetters, clock: Clock, *, sender: str) -> None:
        self._server = server
        self._letters = letters
        self._clock = clock
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        message = message_of(mail, self._letters.write(mail.letter), sender=self._sender, clock=self._clock)
        await self._server.deliver(message, sender=parseaddr(self._sender)[1], to=_wire_address(mail.to))


class UnsetMailer:
    """Mailer without a server. Refuses mail, instead of writing links to a log."""

    is_set = False

    async def send(self, mail: Mail) -> None:
        raise Unavailable("Mail cannot be sent because WORKGRAPH_SMTP_URL is not set.")


def message_of(mail: Mail, letter: WrittenLetter, *, sender: str, clock: Clock) -> EmailMessage:
    message = EmailMessage()
    local, _, domain = _wire_address(mail.to).rpartition("@")
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def _wire_address(address: str) -> str:
    """The address for the envelope, with an ASCII domain if the local part is ASCII (RFC 6531 section 3.7.1).

    So a server without SMTPUTF8 can deliver the mail.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}" if local.isascii() else address


def _reason(error: Exception) -> str:
    """Class and code of the error, without the server's message, which may contain the login or the address."""
    if isinstance(error, UnencryptedServerError):
        return str(error)
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    code = f" {error.code}" if isinstance(error, SMTPResponseException) else ""
    return f"{type(error).__name__}{code}"
