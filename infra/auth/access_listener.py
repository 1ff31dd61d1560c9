"""Listens for changes of access that other processes commit."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from infra.auth.access_routines import ACCESS_ROUTINES, CHANNEL
from infra.auth.actor_memory import LONGEST_SILENCE, RecentActors
from infra.db.pool import CONNECTION_FAILURES
from infra.db.routines import QUERY, differing

ASK_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds between two attempts to connect
NOT_CONNECTED = "not connected yet"

log = logging.getLogger(__name__)


class TriggersMissing(Exception):
    """The database does not tell all changes of access."""


class AccessListener:
    """A connection to the primary that hears whose access changes, and is asked each second whether it still does."""

    def __init__(self, url: str, memory: RecentActors, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = make_url(url)
        self._memory = memory
        self._monotonic = monotonic
        self._problem = NOT_CONNECTED
        self.tried = asyncio.Event()  # whether the first attempt to connect has ended

    @property
    def problem(self) -> str:
        """The reason why no actors are remembered; empty while they are."""
        return self._problem

    async def run(self) -> None:
        """Connects, listens and connects again until canceled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._listen()
            except (*CONNECTION_FAILURES, TriggersMissing) as error:
                pause = _FIRST_PAUSE if not self._problem else min(2 * pause, _LONGEST_PAUSE)
                self._note_problem(error)
            finally:
                self._memory.deaf()
                self.tried.set()
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Returns never; raises an error when the connection fails or does not answer in time."""
        connection = await self._connected()
        is_lost = asyncio.Event()

        def lose(_: object) -> None:
            self._memory.deaf()
            is_lost.set()

        connection.add_termination_listener(lose)
        try:
            async with asyncio.timeout(LONGEST_SILENCE):
                missing = differing(await connection.fetch(QUERY), ACCESS_ROUTINES)
                if missing:
                    raise TriggersMissing(f"the database lacks {', '.join(missing)}; run: workgraph doctor")
                await connection.add_listener(CHANNEL, self._hear)
            asked_at = self._monotonic()
            while True:
                # The answer proves that what was told before has arrived, up to the time of the question.
                async with asyncio.timeout(LONGEST_SILENCE - (self._monotonic() - asked_at)):
                    asked_at = self._monotonic()
                    await connection.execute("SELECT 1")
                self._memory.hearing(since=asked_at)
                self._note_success()
                await _sleep(ASK_SECONDS - (self._monotonic() - asked_at), unless=is_lost)
        finally:
            connection.terminate()

    async def _connected(self) -> "asyncpg.Connection[Any]":
        _, address = self._url.get_dialect()().create_connect_args(self._url)
        settings = {"application_name": "workgraph listener"}
        return await asyncpg.connect(**address, timeout=LONGEST_SILENCE, server_settings=settings)

    def _hear(self, _connection: object, _pid: int, _channel: str, account: object) -> None:
        self._memory.forget([str(account)])

    def _note_problem(self, error: Exception) -> None:
        problem = str(error) if isinstance(error, TriggersMissing) else type(error).__name__
        if problem != self._problem:
            log.warning("Sessions are read for each request, because changes of access are not heard: %s", problem)
        self._problem = problem

    def _note_success(self) -> None:
        if self._problem and self._problem != NOT_CONNECTED:
            log.info("Sessions are remembered again, because changes of access are heard.")
        self._problem = ""
        self.tried.set()


@asynccontextmanager
async def open_listener(url: str, memory: RecentActors) -> AsyncIterator[AccessListener]:
    """A listener that runs while the block does, and has tried to connect before it."""
    listener = AccessListener(url, memory)
    listening = asyncio.create_task(listener.run())
    try:
        await listener.tried.wait()
        yield listener
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _sleep(seconds: float, *, unless: asyncio.Event) -> None:
    """Waits for that time, or until the event is set."""
    try:
        async with asyncio.timeout(seconds):
            await unless.wait()
    except TimeoutError:
        return
