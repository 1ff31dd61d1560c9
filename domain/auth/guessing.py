"""Slows down password guessing without letting one person lock another out."""

from hashlib import sha256

from domain.auth.ports import SessionReader
from domain.shared.throttle import Bucket, Throttle, TooOften, source_key

ACCOUNT_SOURCE_TRIES = 10
SOURCE_TRIES = 30
ACCOUNT_TRIES = 100
WINDOW = 60.0  # seconds
ACCOUNT_WINDOW = 600.0  # seconds


class GuessGuard:
    """Counts every sign-in attempt before its password is checked, and uncounts successful ones."""

    def __init__(self, throttle: Throttle, read: SessionReader) -> None:
        self._throttle = throttle
        self._read = read

    async def admit(self, email: str, source: str) -> list[Bucket]:
        """Counts a sign-in attempt and returns its buckets; raises TooOften.

        A full account bucket stops strangers only: a user who has signed in from the same address before is counted
        by that address alone.
        """
        place = source_key(source)
        name = sha256(email.encode(errors="surrogatepass")).hexdigest()
        near = [
            Bucket(f"guess:{name}:{place}", ACCOUNT_SOURCE_TRIES, WINDOW),
            Bucket(f"guess-source:{place}", SOURCE_TRIES, WINDOW),
        ]
        await self._throttle.take(near)
        account = Bucket(f"guess-account:{name}", ACCOUNT_TRIES, ACCOUNT_WINDOW)
        try:
            await self._throttle.take([account])
        except TooOften:
            if not await self._read.has_signed_in_from(email, place):
                raise
            return near
        return [*near, account]

    async def clear(self, buckets: list[Bucket]) -> None:
        """Uncounts an attempt whose password was right or was never checked."""
        await self._throttle.give_back(buckets)
