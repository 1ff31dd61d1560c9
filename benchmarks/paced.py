"""Load that wrk does not make: requests at fixed moments, and people who sign in all at once."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from urllib.parse import urlencode

from benchmarks.load import Request

HOST = "127.0.0.1"
LONGEST_WAIT = 60.0  # seconds for one answer
SIGN_IN_PATH = "/auth/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    retry_after: float
    seconds: float


class Connection:
    """Kept-alive connection that carries one request at a time."""

    def __init__(self, port: int, *, source: str = HOST) -> None:
        self._port = port
        self._source = source
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def closed(self) -> None:
        """Waits until the server has closed the connection."""
        if self._streams is not None:
            await self._streams[0].read(1)

    async def ask(self, message: bytes, *, since: float | None = None) -> Answer:
        """`since`: the moment that the answer's seconds are counted from; by default, now."""
        started = time.monotonic() if since is None else since
        async with asyncio.timeout(LONGEST_WAIT):
            # The server closes connections that were idle for some seconds.
            if self._streams is not None and self._streams[0].at_eof():
                await self.close()
            if self._streams is None:
                self._streams = await asyncio.open_connection(HOST, self._port, local_addr=(self._source, 0))
            reader, writer = self._streams
            writer.write(message)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            await reader.readexactly(int(headers["content-length"]))
        return Answer(
            status=int(first.split(" ", 2)[1]),
            retry_after=float(headers.get("retry-after", 0)),
            seconds=time.monotonic() - started,
        )


def message_of(request: Request) -> bytes:
    body = request.body.encode()
    headers = {"Host": "localhost", **request.headers, "Content-Length": str(len(body))}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def paced(port: int, message: bytes, *, rate: float, seconds: float) -> list[Answer]:
    """Asks at fixed moments whether or not earlier answers have come; each answer's time counts from its moment."""
    idle: list[Connection] = []

    async def ask(moment: float) -> Answer:
        connection = idle.pop() if idle else Connection(port)
        answer = await connection.ask(message, since=moment)
        idle.append(connection)
        return answer

    begun = time.monotonic()
    asked = []
    for number in range(round(rate * seconds)):
        moment = begun + number / rate
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        asked.append(asyncio.create_task(ask(moment)))
    answers = await asyncio.gather(*asked)
    for connection in idle:
        await connection.close()
    return answers


@dataclass
class Crowd:
    """People who sign in, and again once they are answered, until `has_ended`; each time from another address."""

    port: int
    accounts: Sequence[str]
    password: str
    has_ended: bool = False
    answers: list[Answer] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def sign_in(self, size: int) -> None:
        """Runs `size` clients that sign in until `has_ended`; a refused one waits 1 to 2 times its `Retry-After`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(size):
                group.create_task(self._one())

    async def _one(self) -> None:
        while not self.has_ended:
            number = next(self._numbers)
            async with Connection(self.port, source=_source(number)) as connection:
                answer = await connection.ask(self._message(number))
            self.answers.append(answer)
            if answer.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
                await asyncio.sleep(answer.retry_after * random.uniform(1, 2))  # noqa: S311

    def _message(self, number: int) -> bytes:
        """Sign-in request: odd numbers use a real account and password, even numbers an unknown address."""
        name = self.accounts[number // 2 % len(self.accounts)] if number % 2 else f"{time.monotonic_ns()}@example.com"
        form = {"grant_type": "password", "username": name, "password": self.password}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return message_of(Request(method="POST", path=SIGN_IN_PATH, body=urlencode(form), headers=headers))


def _source(number: int) -> str:
    """Loopback address for a number; the throttle takes different addresses for different people."""
    return f"127.{1 + number // 62_500 % 250}.{number // 250 % 250}.{1 + number % 250}"


def graphql_request(text: str, token: str) -> Request:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return Request(method="POST", path="/graphql", body=json.dumps({"query": text}), headers=headers)
