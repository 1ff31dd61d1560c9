"""Points of callers in Redis, shared by all processes. A process leases some ahead, to save round trips."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.shared.budget import Allowance, Balance, Bucket, OverBudget
from domain.shared.clock import Clock

AHEAD = 25  # a process leases at most 1/25 of the capacity ahead
_CAUTION = 4  # and at most 1/4 of the remaining points, so that other processes can use the last points
_PREFIX = "workgraph:budget:"
_MOST_CALLERS = 50_000
_RETRY_SECONDS = 1.0  # pause after a failure of Redis

# A bucket is stored as one number, the time at which it will be full again (GCRA). Requires Redis 6.2.
_LEASE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local capacity, price, need, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local left = math.floor(capacity - (full - now) / price)
if left < need then return {0, left} end
local granted = math.max(need, math.min(ahead, math.floor(left / tonumber(ARGV[5]))))
full = full + granted * price
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return {granted, left - granted}
"""

log = logging.getLogger(__name__)


class LocalBudget:
    """Counts points in this process only. Of too many callers, the least recent are dropped."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, allowance: Allowance, points: int) -> Bucket:
        now = self._monotonic()
        full_at = max(now, self._full_at.get(allowance.key, now))
        left = allowance.capacity - (full_at - now) * allowance.per_second
        if left < points:
            raise OverBudget(points, (points - left) / allowance.per_second)
        self._full_at[allowance.key] = full_at + points / allowance.per_second
        self._full_at.move_to_end(allowance.key)
        if len(self._full_at) > _MOST_CALLERS:
            self._full_at.popitem(last=False)
        return self

    def give_back(self, allowance: Allowance, points: int) -> None:
        if allowance.key in self._full_at:
            self._full_at[allowance.key] -= points / allowance.per_second

    def balance(self, allowance: Allowance) -> Balance:
        now = self._monotonic()
        seconds = max(0.0, self._full_at.get(allowance.key, now) - now)
        remaining = int(allowance.capacity - seconds * allowance.per_second)
        return Balance(remaining, _moment(self._clock, seconds))


@dataclass(slots=True)
class _Lease:
    """Unused points that this process has leased, and the last known rest in Redis."""

    points: int = 0
    beyond: float = 0.0  # remaining points in Redis at `known_at`
    known_at: float = 0.0
    extending: asyncio.Lock = field(default_factory=asyncio.Lock)


class RedisBudget:
    """Counts points for all processes; without Redis, each process counts on its own.

    All processes together never grant more than the bucket holds. A process withholds the points that it has leased
    ahead from the others: at most 1/25 of the capacity, and at most 1/4 of the remaining points. Leased points do not
    expire, so after an idle time the bucket can grant that much more than its capacity for each process.
    """

    def __init__(
        self, client: Redis, local: LocalBudget, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`client` must have socket timeouts."""
        self._lease = client.register_script(_LEASE)
        self._local = local
        self._clock = clock
        self._monotonic = monotonic
        self._away_until = 0.0
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    async def take(self, allowance: Allowance, points: int) -> Bucket:
        lease = self._leases.get(allowance.key)
        if lease is not None and lease.points >= points:
            lease.points -= points
            return self
        lease = self._lease_of(allowance)
        # One request extends the lease for all that wait: 48 at once would each lease a share ahead, and the last of
        # them would be refused although this process holds all points.
        async with lease.extending:
            if lease.points >= points:
                lease.points -= points
                return self
            if self._monotonic() < self._away_until:
                return await self._local.take(allowance, points)
            return await self._extend(allowance, lease, points)

    def give_back(self, allowance: Allowance, points: int) -> None:
        self._lease_of(allowance).points += points

    def balance(self, allowance: Allowance) -> Balance:
        lease = self._lease_of(allowance)
        restored = (self._monotonic() - lease.known_at) * allowance.per_second
        left = min(float(allowance.capacity), lease.points + lease.beyond + restored)
        return Balance(int(left), _moment(self._clock, (allowance.capacity - left) / allowance.per_second))

    def _lease_of(self, allowance: Allowance) -> _Lease:
        lease = self._leases.get(allowance.key)
        if lease is None:
            lease = self._leases[allowance.key] = _Lease(known_at=self._monotonic())
            if len(self._leases) > _MOST_CALLERS:
                self._leases.popitem(last=False)
        return lease

    async def _extend(self, allowance: Allowance, lease: _Lease, points: int) -> Bucket:
        mine, lease.points = lease.points, 0  # concurrent requests must not use these points while this one waits
        need = points - mine
        price = 1_000_000 / allowance.per_second
        ahead = allowance.capacity // AHEAD
        try:
            granted, beyond = await self._lease(
                keys=[_PREFIX + allowance.key], args=[allowance.capacity, price, need, ahead, _CAUTION]
            )
        except (RedisError, OSError, TimeoutError) as error:
            lease.points += mine
            self._away_until = self._monotonic() + _RETRY_SECONDS
            log.warning("Redis is unavailable; counting points per process: %s", type(error).__name__)
            return await self._local.take(allowance, points)
        except BaseException:
            lease.points += mine
            raise
        lease.beyond, lease.known_at = beyond, self._monotonic()
        if granted < need:
            lease.points += mine
            raise OverBudget(points, (need - beyond) / allowance.per_second)
        lease.points += granted - need
        self._leases.move_to_end(allowance.key)
        return self


def _moment(clock: Clock, seconds: float) -> datetime:
    """Time after `seconds`, rounded up to whole seconds."""
    return (clock.now() + timedelta(seconds=ceil(seconds))).replace(microsecond=0)
