"""The smallest mail server that speaks enough of RFC 5321 and RFC 3207 to send to."""

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.connections import listening


class SmtpSink:
    """Accepts every mail; can be set to offer more, refuse, or stay silent."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, ...]] = []
        self.commands: list[str] = []
        self.clear_commands: list[str] = []
        self.logins: list[str] = []
        self.answers: dict[str, str] = {"QUIT": "221 bye"}
        self.silent_from = ""  # the command from which on it says nothing; "*" is the greeting
        self.pause = 0.0  # seconds before each answer
        self.certificates: ssl.SSLContext | None = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.silent_from != "*":
                writer.write(b"220 sink\r\n")
            while line := await reader.readline():
                if self.silent_from not in ("*", self._command(line.decode().strip(), writer)):
                    await self._answer(line.decode().strip(), reader, writer)
        except (ConnectionError, ssl.SSLError):
            return

    def _command(self, line: str, writer: asyncio.StreamWriter) -> str:
        command = line.split(" ", maxsplit=1)[0].upper()
        self.commands.append(command)
        if writer.get_extra_info("sslcontext") is None:
            self.clear_commands.append(command)
        return command

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.pause)
        command = self.commands[-1]
        if command in ("MAIL", "RCPT"):
            self.envelopes.append((command, line.partition("<")[2].partition(">")[0]))
        elif command == "AUTH":
            self.logins.append(base64.b64decode(line.split(" ")[2]).decode().replace("\0", " ").strip())
        elif command == "DATA" and "DATA" not in self.answers:
            writer.write(b"354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            content = content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")  # RFC 5321, 4.5.2
            message = message_from_bytes(content, policy=policy.SMTP)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        writer.write(self._words(command, writer).encode() + b"\r\n")
        if command == "STARTTLS" and self.certificates is not None:
            await writer.drain()
            await writer.start_tls(self.certificates)

    def _words(self, command: str, writer: asyncio.StreamWriter) -> str:
        if command not in self.answers and command == "EHLO" and self.certificates is not None:
            is_encrypted = writer.get_extra_info("sslcontext") is not None
            return "250-sink\r\n250 AUTH PLAIN" if is_encrypted else "250-sink\r\n250 STARTTLS"
        fine = {"STARTTLS": "220 go on", "AUTH": "235 welcome"}.get(command, "250 fine")
        return self.answers.get(command, fine)


@asynccontextmanager
async def smtp_sink(*, is_tls: bool = False) -> AsyncIterator[SmtpSink]:
    """SMTP server on a port of this machine; `is_tls` encrypts from the first byte."""
    sink = SmtpSink()
    async with listening(sink.talk, certificates=server_certificates() if is_tls else None) as sink.port:
        yield sink


@cache
def _own_certificate() -> tuple[bytes, bytes]:
    """Certificate and key for 127.0.0.1, signed by itself, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def server_certificates() -> ssl.SSLContext:
    certificate, key = _own_certificate()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sink.pem"
        file.write_bytes(certificate + key)
        context.load_cert_chain(file)
    return context


def trusting_certificates() -> ssl.SSLContext:
    """TLS context of a client that trusts the sink's certificate and no other."""
    return ssl.create_default_context(cadata=_own_certificate()[0].decode())
