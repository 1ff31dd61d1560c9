"""A cache in two tiers: a flood of keys that are used once or twice does not evict keys in constant use."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
PROBATION_SHARE = 0.25
LARGEST_SHARE = 0.125  # largest share of a tier for one entry: a few large entries must not evict all others


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """Totals since the start, and the current entries; `bytes` is estimated memory."""

    hits: int
    misses: int
    evictions: int
    entries: int
    bytes: int


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    size: int


class _Tier(Generic[K, V]):
    """Entries of at most `most_bytes` in total; the least recently used are evicted first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self.bytes = 0

    def add(self, key: K, entry: _Entry[V]) -> int:
        """Adds the entry unless it is too large. Returns the number of lost entries, itself included."""
        if entry.size > self._most_bytes * LARGEST_SHARE:
            return 1
        self.entries[key] = entry
        self.bytes += entry.size
        return self._shrink()

    def remove(self, key: K) -> _Entry[V]:
        entry = self.entries.pop(key)
        self.bytes -= entry.size
        return entry

    def _shrink(self) -> int:
        count = 0
        while self.bytes > self._most_bytes:
            _, entry = self.entries.popitem(last=False)
            self.bytes -= entry.size
            count += 1
        return count


class TwoTierCache(Generic[K, V]):
    """Values by key that never exceed a number of bytes.

    A new key is on probation, and becomes protected at its second use. A key on probation is evicted if newer keys fill
    the smaller tier before its second use. New keys never evict protected ones.
    """

    def __init__(self, most_bytes: int) -> None:
        on_probation = int(most_bytes * PROBATION_SHARE)
        self._probation: _Tier[K, V] = _Tier(on_probation)
        self._protected: _Tier[K, V] = _Tier(most_bytes - on_probation)
        self._hits = 0
        self._misses = 0
        self._evictions = 0

    def get(self, key: K) -> V | None:
        """The value, which becomes protected."""
        protected = self._protected.entries
        entry = protected.get(key)
        if entry is not None:
            protected.move_to_end(key)
        elif key in self._probation.entries:
            entry = self._probation.remove(key)
            self._evictions += self._protected.add(key, entry)
        else:
            self._misses += 1
            return None
        self._hits += 1
        return entry.value

    def put(self, key: K, value: V, *, size: int) -> None:
        """Adds the value of a new key on probation."""
        self._evictions += self._probation.add(key, _Entry(value, size))

    def peek(self, key: K) -> V | None:
        """The value, without counting as a use."""
        entry = self._protected.entries.get(key) or self._probation.entries.get(key)
        return None if entry is None else entry.value

    def resize(self, key: K, *, size: int) -> None:
        """Updates the size of a cached value, and evicts it if it is too large."""
        tier = self._protected if key in self._protected.entries else self._probation
        entry = tier.remove(key)
        entry.size = size
        self._evictions += tier.add(key, entry)

    @property
    def stats(self) -> CacheStats:
        return CacheStats(
            hits=self._hits,
            misses=self._misses,
            evictions=self._evictions,
            entries=len(self._probation.entries) + len(self._protected.entries),
            bytes=self._probation.bytes + self._protected.bytes,
        )
