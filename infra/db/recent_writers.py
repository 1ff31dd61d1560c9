"""Accounts that have committed a moment ago, whose reads a replica might not know yet."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEPT_SECONDS = 6.0  # longer than a replica in use can be behind (LONGEST_LAG of infra/db/replica.py)
_ANSWER_SECONDS = 0.25
_RETRY_SECONDS = 0.5  # pause after a failure of Redis
_PREFIX = "workgraph:wrote:"

log = logging.getLogger(__name__)


class RecentWriters:
    """Remembers accounts in Redis, for all processes. Without Redis every account counts as a recent writer."""

    def __init__(self, redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._blind_until = 0.0
        self._retries: set[asyncio.Task[None]] = set()

    async def add(self, accounts: Collection[str]) -> None:
        """Remembers the accounts for KEPT_SECONDS from now; never raises."""
        if not await self._store(accounts):
            # Other processes may reach Redis although this one does not.
            task = asyncio.get_running_loop().create_task(self._add_later(accounts))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)

    async def has(self, account: str) -> bool:
        """Whether the account may have committed within KEPT_SECONDS."""
        if self._monotonic() < self._blind_until:
            return True
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return bool(await self._redis.exists(_PREFIX + account))
        except (RedisError, OSError) as error:
            self._note_failure(error, seconds=_RETRY_SECONDS)
            return True

    async def aclose(self) -> None:
        for task in tuple(self._retries):
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)

    async def _store(self, accounts: Collection[str]) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                for account in accounts:
                    await self._redis.set(_PREFIX + account, 1, px=int(KEPT_SECONDS * 1000))
        except (RedisError, OSError) as error:
            self._note_failure(error, seconds=KEPT_SECONDS)
            return False
        return True

    async def _add_later(self, accounts: Collection[str]) -> None:
        end = self._monotonic() + KEPT_SECONDS
        while self._monotonic() < end:
            await asyncio.sleep(_RETRY_SECONDS)
            if await self._store(accounts):
                return

    def _note_failure(self, error: Exception, *, seconds: float) -> None:
        log.debug("Redis is unavailable, so all reads use the primary: %s", type(error).__name__)
        self._blind_until = max(self._blind_until, self._monotonic() + seconds)
