"""Exact counts of attempts: each bucket stores the times of its latest attempts (a sliding log)."""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.shared.throttle import Bucket, TooOften

_PREFIX = "workgraph:throttle:"
_MOST_LOCAL_BUCKETS = 50_000
_RETRY_SECONDS = 1.0  # pause after a failure of Redis

# One script, so that an attempt counts in all buckets or in none. Requires Redis 6.2.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait = 0
for i, key in ipairs(KEYS) do
  local limit, span = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - span)
  if redis.call('ZCARD', key) >= limit then
    local first = redis.call('ZRANGE', key, -limit, -limit, 'WITHSCORES')
    wait = math.max(wait, first[2] + span - now)
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local member = now
  while redis.call('ZADD', key, 'NX', now, string.format('%.0f', member)) == 0 do member = member + 1 end
  redis.call('PEXPIRE', key, math.ceil(ARGV[2 * i] / 1000))
end
return 0
"""

log = logging.getLogger(__name__)


class LocalThrottle:
    """Counts attempts in this process only. Of too many buckets, the least recent are dropped."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    async def take(self, buckets: Sequence[Bucket]) -> None:
        now = self._monotonic()
        wait = max((self._wait(bucket, now) for bucket in buckets), default=0.0)
        if wait > 0:
            raise TooOften(wait)
        for bucket in buckets:
            self._tries.setdefault(bucket.key, deque()).append(now)
            self._tries.move_to_end(bucket.key)
        while len(self._tries) > _MOST_LOCAL_BUCKETS:
            self._tries.popitem(last=False)

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        for bucket in buckets:
            tries = self._tries.get(bucket.key)
            if tries:
                tries.pop()

    def _wait(self, bucket: Bucket, now: float) -> float:
        tries = self._tries.get(bucket.key, deque())
        while tries and tries[0] <= now - bucket.seconds:
            tries.popleft()
        return tries[-bucket.limit] + bucket.seconds - now if len(tries) >= bucket.limit else 0.0


class RedisThrottle:
    """Counts attempts for all processes; without Redis, each process counts, so guessing stays limited."""

    def __init__(self, client: Redis, local: LocalThrottle, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`client` must have socket timeouts. Otherwise an unresponsive Redis would block every sign-in."""
        self._take = client.register_script(_TAKE)
        self._client = client
        self._local = local
        self._monotonic = monotonic
        self._away_until = 0.0

    async def take(self, buckets: Sequence[Bucket]) -> None:
        if self._monotonic() < self._away_until:
            return await self._local.take(buckets)
        arguments = [number for bucket in buckets for number in (bucket.limit, int(bucket.seconds * 1_000_000))]
        try:
            wait = await self._take(keys=[_PREFIX + bucket.key for bucket in buckets], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._stay_away(error)
            return await self._local.take(buckets)
        if wait > 0:
            raise TooOften(wait / 1_000_000)
        return None

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        # Return the attempt in both: Redis may have failed or recovered since it was counted.
        await self._local.give_back(buckets)
        if self._monotonic() < self._away_until:
            return
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for bucket in buckets:
                    pipeline.zpopmax(_PREFIX + bucket.key)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._stay_away(error)

    def _stay_away(self, error: Exception) -> None:
        self._away_until = self._monotonic() + _RETRY_SECONDS
        log.warning("Redis is unavailable; counting attempts per process: %s", type(error).__name__)
