"""The only module that uses passlib (1.7.4: safe for Argon2 only, and only within the bounds checked here)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.context import CryptContext

from domain.accounts.passwords import normal_form
from domain.accounts.ports import Verdict
from domain.shared.errors import Unavailable

T = TypeVar("T")

# Passwords in the queue and in the threads. One thread checks about 50 per second, so the last one waits 2 s. On a
# processor with a fifth of the speed it waits 10 s, within the timeouts of clients and proxies (`benchmarks.sign_ins`).
MOST_WAITING = 100
MEMORY_COST = 19_456  # KiB; OWASP's minimum with two passes and one lane, about 20 ms
# Hash of a random password. Checking it makes an attempt on an unknown account as slow as one on a known account.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$u1fKGcOYU+q917o3BgBgzA$0pkehGxb+Xowyqj1dE0UZ3D+0a6ophMMHQvDQc6ckiY"


class PasslibPasswordHasher:
    """Argon2id in separate threads. Hashing releases the interpreter lock; the thread count bounds memory."""

    def __init__(
        self, threads: ThreadPoolExecutor, *, memory_cost: int = MEMORY_COST, most_waiting: int = MOST_WAITING
    ) -> None:
        self._threads = threads
        self._most_waiting = most_waiting
        self._waiting = 0
        self._context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=memory_cost,
            argon2__time_cost=2,
            argon2__parallelism=1,
        )

    async def hash(self, password: str) -> str:
        encoded = normal_form(password)
        if encoded is None:
            raise ValueError("not a password")
        return await self._run(lambda: str(self._context.hash(encoded)))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        encoded = normal_form(password)
        if stored is None or encoded is None:
            await self._run(lambda: self._verdict(encoded or b"", NOBODY))
            return Verdict(is_right=False)
        return await self._run(lambda: self._verdict(encoded, stored))

    def _verdict(self, encoded: bytes, stored: str) -> Verdict:
        try:
            is_right, upgraded = self._context.verify_and_update(encoded, stored)
        except Exception:  # noqa: BLE001  passlib raises a dozen kinds, and each means that nobody may come in
            return Verdict(is_right=False)
        return Verdict(is_right=bool(is_right), upgraded=upgraded)

    async def _run(self, work: Callable[[], T]) -> T:
        # A later password would wait longer than a request may run, so refuse it immediately.
        if self._waiting >= self._most_waiting:
            raise Unavailable("Too many password checks are in progress. Retry in one second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
