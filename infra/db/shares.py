"""Shares of a connection pool, so that one account cannot occupy all connections of a process."""

import asyncio
from dataclasses import dataclass

from domain.shared.errors import RateLimited

PART = 3  # an account can hold one connection in this many
RETRY_SECONDS = 1.0


@dataclass(slots=True)
class _Share:
    free: asyncio.Semaphore
    held: int = 0
    waiting: int = 0


class Shares:
    """Admits a third of `connections` for each account, at least one.

    Up to `most_waiting` more holders wait in a queue of the account, first come, first served.
    """

    def __init__(self, connections: int, *, most_waiting: int) -> None:
        self.size = max(1, connections // PART)
        self._most_waiting = most_waiting
        self._shares: dict[str, _Share] = {}

    @property
    def accounts(self) -> int:
        """Number of accounts that hold a connection or wait for one."""
        return len(self._shares)

    async def enter(self, account: str, *, wait: float, is_patient: bool) -> None:
        """Waits for admission; `leave` ends it. Raises RateLimited after `wait` seconds.

        Unless `is_patient`, it is raised at once if the queue is full.
        """
        share = self._shares.get(account)
        if share is None:
            share = self._shares[account] = _Share(asyncio.Semaphore(self.size))
        if not share.free.locked():
            await share.free.acquire()
            share.held += 1
            return
        if share.waiting >= self._most_waiting and not is_patient:
            raise _too_many()
        share.waiting += 1
        try:
            async with asyncio.timeout(wait):
                await share.free.acquire()
            share.held += 1
        except TimeoutError as error:
            raise _too_many() from error
        finally:
            share.waiting -= 1
            self._forget_unused(account, share)

    def leave(self, account: str) -> None:
        share = self._shares[account]
        share.held -= 1
        share.free.release()
        self._forget_unused(account, share)

    def _forget_unused(self, account: str, share: _Share) -> None:
        if not share.held and not share.waiting:
            del self._shares[account]


def _too_many() -> RateLimited:
    return RateLimited("Too many of your requests are waiting for the database.", RETRY_SECONDS)
