import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class SmtpSink:
    """Takes every mail; or, when told so, offers more, refuses, or says nothing at all."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.commands: list[str] = []
        self.answers: dict[str, str] = {"QUIT": "221 bye"}
        self.is_silent = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_silent:
            writer.write(b"220 sink\r\n")
        try:
            while line := await reader.readline():
                if not self.is_silent:
                    await self._answer(line.decode().strip(), reader, writer)
        finally:
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = line.split(" ", maxsplit=1)[0].upper()
        self.commands.append(command)
        if command == "DATA":
            writer.write(b"354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            content = content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")  # RFC 5321, 4.5.2
            message = message_from_bytes(content, policy=policy.SMTP)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        writer.write(self.answers.get(command, "250 fine").encode() + b"\r\n")


@asynccontextmanager
async def smtp_sink() -> AsyncIterator[SmtpSink]:
    sink = SmtpSink()
    server = await asyncio.start_server(sink.talk, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
