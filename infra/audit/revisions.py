"""Announcements of revisions on Redis: hints that wake readers of the log, never the log itself."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

CHANNEL = "workgraph:revision"

ANSWER_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


def revision_message(workspace_id: str, revision: int) -> bytes:
    return orjson.dumps({"workspace_id": workspace_id, "revision": revision})


class RevisionListener:
    """Reports every announced revision, and all workspaces (None) when announcements may have been missed."""

    def __init__(self, redis_url: str, on_news: Callable[[str | None, int], None]) -> None:
        self.is_listening = False
        self._is_missed = False
        self._is_stopped = False
        self._redis_url = redis_url
        self._on_news = on_news

    async def run(self) -> None:
        """Listens until stopped, on a connection of its own, and reconnects after growing pauses."""
        pause = FIRST_PAUSE_SECONDS
        while not self._is_stopped:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                if not self._is_missed:
                    logger.warning("Redis is unavailable; polling for changes every second: %s", error)
                    pause = FIRST_PAUSE_SECONDS
                    self._is_missed = True
                    self._on_news(None, 0)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  spreads reconnections
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        """Ends `run` within two seconds, or immediately if its task is canceled as well.

        A cancellation alone is not enough: redis-py 5 swallows a cancellation that arrives while it connects.
        """
        self._is_stopped = True

    async def _listen(self) -> None:
        """Raises RedisError or OSError if the connection fails or the server stops answering."""
        redis = Redis.from_url(
            self._redis_url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, max_connections=1
        )
        try:
            async with aclosing(redis), aclosing(redis.pubsub()) as channel:
                await channel.subscribe(CHANNEL)
                await self._hear(channel)
        finally:
            self.is_listening = False

    async def _hear(self, channel: PubSub) -> None:
        is_asked = False
        while not self._is_stopped:
            message = await channel.get_message(timeout=ANSWER_SECONDS)
            if message is not None:
                is_asked = False
                self._take(message)
            elif is_asked:
                raise TimeoutError("no answer")
            else:
                await channel.ping()
                is_asked = True

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            if self._is_missed:
                logger.info("Redis is available again.")
            self._is_missed = False
            self.is_listening = True
            self._on_news(None, 0)
        elif message["type"] == "message":
            try:
                news = orjson.loads(message["data"])
                self._on_news(str(news["workspace_id"]), int(news["revision"]))
            except (ValueError, KeyError, TypeError):
                logger.warning("Ignored a message on the channel %s: not a revision.", CHANNEL)
