"""Announcements of revisions on Redis: hints that wake readers of the log, never the log itself."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from infra.shared.tasks import end

CHANNEL_PREFIX = "workgraph:revision:"

ANSWER_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


def channel_of(workspace_id: str) -> str:
    """Channel on which the revisions of one workspace are published, as decimal numbers."""
    return CHANNEL_PREFIX + workspace_id


class RevisionListener:
    """Reports each announced revision of the followed workspaces, or None when announcements may have been missed.

    Each followed workspace is one channel, so that a process hears nothing of the others.
    """

    def __init__(self, redis_url: str, on_news: Callable[[str, int | None], None]) -> None:
        self._followed: set[str] = set()
        self._confirmed: set[str] = set()
        self._is_changed = asyncio.Event()
        self._is_missed = False
        self._is_stopped = False
        self._redis_url = redis_url
        self._on_news = on_news

    def follow(self, workspace_id: str) -> None:
        """Subscribes to the workspace soon; `is_listening_to` says when."""
        self._followed.add(workspace_id)
        self._is_changed.set()

    def unfollow(self, workspace_id: str) -> None:
        """Unsubscribes from the workspace soon."""
        self._followed.discard(workspace_id)
        self._is_changed.set()

    def is_listening_to(self, workspace_id: str) -> bool:
        """Whether Redis has confirmed the subscription on the present connection."""
        return workspace_id in self._confirmed

    @property
    def is_listening(self) -> bool:
        """Whether Redis has confirmed the subscriptions to all followed workspaces."""
        return self._followed <= self._confirmed

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
                    for workspace_id in tuple(self._followed):
                        self._on_news(workspace_id, None)
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
            async with aclosing(redis), aclosing(redis.pubsub()) as channels:
                await channels.connect()
                # Each connection begins with all followed workspaces, because Redis forgets those of the last one.
                subscribing = asyncio.create_task(self._subscribe(channels), name="revision channels")
                try:
                    await self._hear(channels, subscribing)
                finally:
                    await end(subscribing)
        finally:
            self._confirmed.clear()

    async def _subscribe(self, channels: PubSub) -> None:
        """Sends the differences between the followed workspaces and the channels of the connection."""
        subscribed: set[str] = set()
        while True:
            self._is_changed.clear()
            followed = set(self._followed)
            if new := followed - subscribed:
                await channels.subscribe(*map(channel_of, sorted(new)))
            if left := subscribed - followed:
                await channels.unsubscribe(*map(channel_of, sorted(left)))
            subscribed = followed
            await self._is_changed.wait()

    async def _hear(self, channels: PubSub, subscribing: "asyncio.Task[None]") -> None:
        is_asked = False
        while not self._is_stopped:
            if subscribing.done():
                subscribing.result()  # raises what ended it
            message = await channels.get_message(timeout=ANSWER_SECONDS)
            if message is not None:
                is_asked = False
                self._take(message)
            elif is_asked:
                raise TimeoutError("no answer")
            else:
                await channels.ping()
                is_asked = True

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] not in ("subscribe", "unsubscribe", "message"):
            return
        workspace_id = message["channel"].decode().removeprefix(CHANNEL_PREFIX)
        if message["type"] == "subscribe":
            if self._is_missed:
                logger.info("Redis is available again.")
            self._is_missed = False
            self._confirmed.add(workspace_id)
            self._on_news(workspace_id, None)
        elif message["type"] == "unsubscribe":
            self._confirmed.discard(workspace_id)
        else:
            try:
                self._on_news(workspace_id, int(message["data"]))
            except ValueError:
                logger.warning("Ignored a message on the channel %s: not a revision.", channel_of(workspace_id))
