import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks.load import Request
from benchmarks.paced import Answer, Connection, Crowd, message_of, paced
from benchmarks.sign_ins import Stretch, percentile, table
from tests.connections import listening

LIVELINESS = 30  # seconds
Answering = Callable[[bytes], Awaitable[bytes]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"


@asynccontextmanager
async def serving(answering: Answering) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(65_536):
            writer.write(await answering(head))

    async with asyncio.timeout(LIVELINESS), listening(serve) as port:
        yield port


async def test_reads_begin_at_their_moments_though_none_is_answered() -> None:
    begun, are_let = 0, asyncio.Event()

    async def answering(head: bytes) -> bytes:
        nonlocal begun
        begun += 1
        if begun == 20:
            are_let.set()
        await are_let.wait()
        return OK

    async with serving(answering) as port:
        answers = await paced(port, message_of(Request(method="GET", path="/")), rate=200, seconds=0.1)
    assert [answer.status for answer in answers] == [200] * 20
    assert answers[0].seconds > answers[-1].seconds


async def test_a_connection_that_the_server_has_closed_is_opened_anew() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(OK)
        await writer.drain()
        writer.close()

    message = message_of(Request(method="GET", path="/"))
    async with asyncio.timeout(LIVELINESS), listening(serve) as port, Connection(port) as connection:
        assert (await connection.ask(message)).status == 200
        await connection.closed()
        assert (await connection.ask(message)).status == 200


async def test_refused_sign_ins_are_repeated_and_half_of_the_users_have_accounts() -> None:
    asked: list[str] = []

    async def answering(head: bytes) -> bytes:
        asked.append(head.decode())
        crowd.has_ended = len(asked) >= 40
        return FULL if len(asked) % 2 else OK

    async with serving(answering) as port:
        crowd = Crowd(port, ["ann@example.com", "bob@example.com"], "correct horse")
        await crowd.sign_in(3)
    assert len(crowd.answers) == len(asked) >= 40
    assert {answer.status for answer in crowd.answers} == {200, 503}
    assert all(head.startswith("POST /auth/token HTTP/1.1\r\n") for head in asked)
    known = sum("username=ann%40" in head or "username=bob%40" in head for head in asked)
    assert abs(2 * known - len(asked)) <= 1


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_the_table_lists_reads_and_sign_ins() -> None:
    def stretch(ms: float, *sign_ins: int) -> Stretch:
        reads = [Answer(status=200, retry_after=0, seconds=ms / 1000)] * 10
        told = [Answer(status=status, retry_after=1, seconds=status / 100) for status in sign_ins]
        return Stretch(reads=reads, sign_ins=told, seconds=2.0, others=0.25)

    rounds = [(stretch(4), stretch(6, 200, 400, 503)), (stretch(2), stretch(6, 200, 400, 400, 429))]
    lines = table(rounds, crowd=7).splitlines()
    assert "50 reads a second while 7 people sign in" in lines[0]
    assert lines[3] == "| nobody signs in | 3.0 (2.0-4.0) | 3.0 (2.0-4.0) | 3.0 (2.0-4.0) | 0 | 25.0 (25.0-25.0) % |"
    assert lines[4] == "| crowd | 6.0 (6.0-6.0) | 6.0 (6.0-6.0) | 6.0 (6.0-6.0) | 0 | 25.0 (25.0-25.0) % |"
    assert lines[6] == "p99 in the crowd is 2.25 (1.50-3.00) times the idle one."
    assert lines[7] == "Sign-ins looked at: 1.2 (1.0-1.5) a second; answers: 2 x 200, 3 x 400, 1 x 429, 1 x 503."
    assert lines[8] == "They took 4.00 s (p50), 4.00 s (p99), 4.00 s."
    assert lines[9] == "Refusals took 4.290 s (p50), 5.030 s (p99)."
