"""The signing keys as one process knows them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.auth.model import SigningKey, signing_key_at, verifying_keys_at
from domain.auth.ports import KeyReader
from domain.shared.clock import Clock

FRESH = timedelta(seconds=30)  # known keys are read again after this
PATIENCE = timedelta(seconds=3)  # minimum time between two searches for unknown keys
HEAD_START = timedelta(seconds=10)  # a new key is published this long before it signs: longer than PATIENCE
LINGER = FRESH + timedelta(seconds=60)  # a process that has not read yet signs with the old key a little longer


class KeyRing:
    """Cache of the signing keys. Reloads them after some time, and for a token with an unknown key."""

    def __init__(self, read: KeyReader, clock: Clock, *, life: timedelta) -> None:
        self._read = read
        self._clock = clock
        self._life = life + LINGER
        self._keys: Sequence[SigningKey] = ()
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def signing(self) -> SigningKey | None:
        """The current signing key; None before the first key exists."""
        await self._refresh(FRESH)
        if not self._keys:
            await self._refresh(timedelta(0))
        return signing_key_at(self._keys, self._clock.now())

    async def verifying(self, key_id: str) -> SigningKey | None:
        """The key of that id, if tokens that it signed may still be alive."""
        await self._refresh(FRESH)
        found = self._find(key_id)
        if found is None:
            # An empty ring waits for nothing: the first key may be younger than the first look.
            await self._refresh(PATIENCE if self._keys else timedelta(0))
            found = self._find(key_id)
        return found

    async def published(self) -> Sequence[SigningKey]:
        """All keys whose tokens may be alive, and the one that signs next."""
        await self._refresh(FRESH)
        return verifying_keys_at(self._keys, self._clock.now(), self._life)

    def forget(self) -> None:
        """Clears the cache, so that the next call reloads the keys."""
        self._read_at = None

    def _find(self, key_id: str) -> SigningKey | None:
        now = self._clock.now()
        return next((key for key in verifying_keys_at(self._keys, now, self._life) if key.id == key_id), None)

    async def _refresh(self, age: timedelta) -> None:
        if self._is_younger_than(age):
            return
        asked_at = self._read_at
        async with self._reading:
            if self._read_at != asked_at and self._read_at is not None:
                return  # another task has read the keys meanwhile
            keys = await self._read.signing_keys()
            self._keys, self._read_at = keys, self._clock.now()

    def _is_younger_than(self, age: timedelta) -> bool:
        return self._read_at is not None and self._clock.now() - self._read_at < age
