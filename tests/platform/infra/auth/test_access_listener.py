"""The listener hears changes of access, and everything is forgotten when it may have missed one."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from domain.accounts.model import SignedIn
from infra.auth.access_listener import ASK_SECONDS, AccessListener, open_listener
from infra.auth.access_routines import CHANNEL
from infra.auth.actor_memory import LONGEST_SILENCE, RecentActors
from tests.connections import listening, meet_closing
from tests.engine.infra.db.startup_relay import connected
from tests.factories.accounts import UserFactory
from tests.patience import PATIENCE
from tests.servers import driver_url

ANN = UserFactory(name="Ann")
BACKENDS = """SELECT pid FROM pg_stat_activity
WHERE application_name = 'workgraph listener' AND datname = current_database() ORDER BY backend_start DESC"""
"""Newest first, because the application of other tests has a listener, too."""


@pytest.fixture
def memory() -> RecentActors:
    return RecentActors(3_600)


@pytest.fixture
async def connection(database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(driver_url(database))
    yield connection
    await connection.close()


def remember(memory: RecentActors) -> bool:
    """Whether an actor that is read now is remembered."""
    with memory.reading() as keep:
        keep("a", SignedIn(account=ANN, user_id=ANN.id))
    return memory.recall("a") is not None


async def until(is_so: Callable[[], bool]) -> float:
    """Waits, and returns for how many seconds."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < PATIENCE
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def test_a_listener_hears_whose_access_changes(
    memory: RecentActors, database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with open_listener(database, memory) as listener:
        assert listener.problem == ""
        assert remember(memory)
        await connection.execute("SELECT pg_notify($1, 'usr_other')", CHANNEL)
        await connection.execute("SELECT pg_notify('other', $1)", ANN.id)
        await asyncio.sleep(2 * ASK_SECONDS)
        assert memory.recall("a") is not None
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, ANN.id)
        await until(lambda: memory.recall("a") is None)
        assert remember(memory)
    assert memory.recall("a") is None
    assert not remember(memory)


async def test_a_lost_connection_is_noticed_at_once_and_opened_again(
    memory: RecentActors,
    database: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "infra.auth.access_listener")
    async with open_listener(database, memory) as listener:
        assert remember(memory)
        assert caplog.messages == []
        process = await connection.fetchval(BACKENDS)
        await connection.fetch("SELECT pg_terminate_backend($1)", process)
        await until(lambda: memory.recall("a") is None)
        await until(lambda: remember(memory))
        assert listener.problem == ""
        assert await connection.fetchval(BACKENDS) not in (None, process)
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, ANN.id)
        await until(lambda: memory.recall("a") is None)
    lost, again = caplog.messages
    assert lost.startswith("Sessions are read for each request, because changes of access are not heard: ")
    assert again == "Sessions are remembered again, because changes of access are heard."


async def test_a_connection_that_the_server_is_closing_is_opened_again(
    memory: RecentActors, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_listener(database, memory) as listener:
        assert remember(memory)
        with monkeypatch.context() as patch:
            patch.setattr(asyncpg.Connection, "execute", meet_closing)
            await until(lambda: listener.problem == "InternalClientError")
            assert not remember(memory)
        await until(lambda: remember(memory))
        assert listener.problem == ""


async def test_everything_is_forgotten_two_seconds_after_the_last_answer(memory: RecentActors, database: str) -> None:
    async with stoppable_relay(database) as (url, is_open), open_listener(url, memory) as listener:
        assert remember(memory)
        is_open.clear()
        # Without a look at the memory, which compares the time itself.
        seconds = await until(lambda: len(memory) == 0)
        assert seconds > LONGEST_SILENCE - ASK_SECONDS - 0.5
        await until(lambda: listener.problem != "")
        assert listener.problem == "TimeoutError"
        assert not remember(memory)
        is_open.set()
        await until(lambda: remember(memory))
        assert listener.problem == ""


async def test_without_all_triggers_nothing_is_remembered(
    memory: RecentActors, database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute("ALTER TABLE member DISABLE TRIGGER member_access_added")
    try:
        async with open_listener(database, memory) as listener:
            assert not remember(memory)
            assert listener.problem == (
                "the database lacks TRIGGER member_access_added ON member; run: workgraph doctor"
            )
            await connection.execute("ALTER TABLE member ENABLE TRIGGER member_access_added")
            await until(lambda: remember(memory))
    finally:
        await connection.execute("ALTER TABLE member ENABLE TRIGGER member_access_added")


async def test_a_database_that_is_away_delays_the_start_and_does_not_prevent_it(memory: RecentActors) -> None:
    async with open_listener("postgresql+asyncpg://me@127.0.0.1:1/none", memory) as listener:
        assert listener.problem == "ConnectionRefusedError"
        assert not remember(memory)


def test_two_seconds_of_silence_hold_one_question() -> None:
    assert (ASK_SECONDS, LONGEST_SILENCE) == (1, 2)
    assert AccessListener("postgresql+asyncpg://me@127.0.0.1/none", RecentActors(5)).problem == "not connected yet"


@asynccontextmanager
async def stoppable_relay(database_url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """URL of the database through a relay that passes nothing on while the event is not set, as a dead network does."""
    is_open = asyncio.Event()
    is_open.set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await is_open.wait()
            writer.write(data)
            await writer.drain()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await connected(database_url)
        ways = [
            asyncio.ensure_future(pass_on(reader, server_writer)),
            asyncio.ensure_future(pass_on(server_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            server_writer.close()

    async with listening(relay) as port:
        url = make_url(database_url).set(host="127.0.0.1", port=port, query={})
        yield url.render_as_string(hide_password=False), is_open
