"""Actors that this process has authenticated within the last seconds."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from domain.accounts.model import SignedIn
from domain.auth.ports import Keep

MOST_REMEMBERED = 10_000
LONGEST_SILENCE = 2.0  # seconds without an answer of the database, after which changes may have been missed


@dataclass(slots=True, eq=False)
class _Reading:
    """Changes that this process has heard of while an actor was being read."""

    begun_at: float
    is_void: bool
    changed: set[str] = field(default_factory=set)


class RecentActors:
    """Remembers actors by the digests of their tokens, while the listener for changes of access is known to hear.

    Times are monotonic, so that a changed clock keeps nothing longer. An actor is as old as the start of its reading.
    """

    def __init__(
        self, seconds: float, *, most: int = MOST_REMEMBERED, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._monotonic = monotonic
        self._actors: dict[str, tuple[float, SignedIn]] = {}  # oldest first
        self._digests: dict[str, set[str]] = {}  # by account
        self._readings: set[_Reading] = set()
        self._heard_at: float | None = None

    def __len__(self) -> int:
        return len(self._actors)

    @property
    def is_hearing(self) -> bool:
        """Whether all changes that were committed until a moment ago have been told to this process."""
        return self._heard_at is not None and self._monotonic() - self._heard_at <= LONGEST_SILENCE

    def hearing(self, *, since: float) -> None:
        """Notes an answer of the database to a question that the listener asked at that time."""
        self._heard_at = since

    def deaf(self) -> None:
        """Forgets all actors, and remembers none until `hearing` is called."""
        self._heard_at = None
        self._forget_all()

    def recall(self, digest: str) -> SignedIn | None:
        found = self._actors.get(digest)
        if found is None:
            return None
        if not self.is_hearing:
            # The task of the listener may be late, for example in a process that was stopped for a while.
            self._forget_all()
            return None
        begun_at, actor = found
        if self._monotonic() - begun_at > self._seconds:
            self._remove(digest)
            return None
        return actor

    def discard(self, digest: str) -> None:
        if digest in self._actors:
            self._remove(digest)

    @contextmanager
    def reading(self) -> Iterator[Keep]:
        reading = _Reading(self._monotonic(), is_void=not self.is_hearing)
        self._readings.add(reading)

        def keep(digest: str, actor: SignedIn) -> None:
            # An account with many memberships loads them while a request runs, so that its actor is of one request.
            is_changed = reading.is_void or actor.signed_in_id in reading.changed
            if not is_changed and self.is_hearing and actor.on_demand is None:
                self._store(digest, reading.begun_at, actor)

        try:
            yield keep
        finally:
            self._readings.discard(reading)

    def forget(self, accounts: Iterable[str]) -> None:
        """Forgets the actors of these accounts, also those that are being read."""
        for account in accounts:
            for digest in self._digests.pop(account, ()):
                del self._actors[digest]
            for reading in self._readings:
                reading.changed.add(account)

    def _forget_all(self) -> None:
        self._actors.clear()
        self._digests.clear()
        for reading in self._readings:
            reading.is_void = True

    def _store(self, digest: str, begun_at: float, actor: SignedIn) -> None:
        self.discard(digest)
        self._actors[digest] = (begun_at, actor)
        self._digests.setdefault(actor.signed_in_id, set()).add(digest)
        latest = self._monotonic() - self._seconds
        while len(self._actors) > self._most or next(iter(self._actors.values()))[0] < latest:
            self._remove(next(iter(self._actors)))
            if not self._actors:
                break

    def _remove(self, digest: str) -> None:
        _, actor = self._actors.pop(digest)
        digests = self._digests[actor.signed_in_id]
        digests.discard(digest)
        if not digests:
            del self._digests[actor.signed_in_id]


class NoMemory:
    """Remembers nothing."""

    def recall(self, digest: str) -> SignedIn | None:
        return None

    def discard(self, digest: str) -> None:
        """Does nothing."""

    def reading(self) -> nullcontext[Keep]:
        return nullcontext(_keep_nothing)


def _keep_nothing(digest: str, actor: SignedIn) -> None:
    """The `Keep` of NoMemory."""
