"""Database time of accounts in Redis, shared by all processes.

A request that is fast enough needs no round trip. Others share one per account and 50 ms.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.shared.usage import OverTime

_PREFIX = "workgraph:time:"
_MOST_ACCOUNTS = 50_000
_RETRY_SECONDS = 1.0  # pause after a failure of Redis
# In a busy process most requests are charged, and a round trip takes a tenth of the CPU time of a list.
_TOGETHER_SECONDS = 0.05

# An account is stored as one number, the time at which all its database time will be back (GCRA). Requires Redis 6.2.
_CHARGE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0)) + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return full - now
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOptions:
    """Database time of each account, in seconds."""

    seconds: float  # time that an account can save up
    period: float  # time in which it comes back
    free: float  # time of each request that is not charged


class LocalTimeBudget:
    """Counts database time in this process only. Of too many accounts, the least recent are dropped."""

    def __init__(self, options: TimeOptions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._slowness = options.period / options.seconds  # seconds until one second of database time is back
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def check(self, account: str) -> None:
        full_at = self._full_at.get(account)
        if full_at is None:
            return
        wait = full_at - self._monotonic() - self._options.period
        if wait >= 0:
            raise OverTime(wait)

    def charge(self, account: str, seconds: float) -> None:
        excess = seconds - self._options.free
        if excess > 0:
            self.note(account, self.missing(account) + excess * self._slowness)

    def missing(self, account: str) -> float:
        """Seconds until all time of the account is back."""
        now = self._monotonic()
        return max(0.0, self._full_at.get(account, now) - now)

    def note(self, account: str, missing: float) -> None:
        """Stores when all time of the account will be back; logs the account if it has none left now."""
        was_exhausted = self.missing(account) >= self._options.period
        self._full_at[account] = self._monotonic() + missing
        self._full_at.move_to_end(account)
        if len(self._full_at) > _MOST_ACCOUNTS:
            self._full_at.popitem(last=False)
        if missing >= self._options.period and not was_exhausted:
            wait = missing - self._options.period
            log.warning("No database time is left for %s; its requests are refused for %.0f s.", account, wait)


class RedisTimeBudget:
    """Counts database time for all processes; without Redis, each process counts on its own.

    A process learns of the time used in other processes when it charges the account itself. So with each process, an
    account can use the slow requests of 50 ms more than its budget.
    """

    def __init__(
        self,
        client: Redis,
        options: TimeOptions,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`client` must have socket timeouts."""
        self._script = client.register_script(_CHARGE)
        self._options = options
        self._local = LocalTimeBudget(options, monotonic)
        self._monotonic = monotonic
        self._away_until = 0.0
        self._due: dict[str, float] = {}  # seconds that Redis does not know of, by account
        self._timer: asyncio.TimerHandle | None = None
        self._charging: set[asyncio.Task[None]] = set()

    def check(self, account: str) -> None:
        self._local.check(account)

    def charge(self, account: str, seconds: float) -> None:
        if seconds <= self._options.free:
            return
        self._local.charge(account, seconds)
        if self._monotonic() < self._away_until:
            return
        self._due[account] = self._due.get(account, 0.0) + seconds - self._options.free
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self._start)

    async def aclose(self) -> None:
        """Waits until the last charges are stored."""
        if self._timer is not None:
            self._timer.cancel()
            self._start()
        await asyncio.gather(*self._charging)

    def _start(self) -> None:
        """Sends what is due. Answers do not wait for Redis, and canceled requests are charged as well."""
        self._timer = None
        due, self._due = self._due, {}
        task = asyncio.get_running_loop().create_task(self._charge_all(due))
        self._charging.add(task)
        task.add_done_callback(self._charging.discard)

    async def _charge_all(self, due: Mapping[str, float]) -> None:
        slowness = self._options.period / self._options.seconds
        try:
            for account, seconds in due.items():
                microseconds = round(seconds * slowness * 1_000_000)
                missing = await self._script(keys=[_PREFIX + account], args=[microseconds])
                # Charges of this process that are still on their way count here, but not yet in Redis.
                self._local.note(account, max(self._local.missing(account), missing / 1_000_000))
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._monotonic() + _RETRY_SECONDS
            log.warning("Redis is unavailable; counting database time per process: %s", type(error).__name__)
