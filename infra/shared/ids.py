import os
import threading

from domain.shared.clock import Clock
from domain.shared.ids import ALPHABET, route_of_workspace

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


class Uuid7IdFactory:
    """TypeIDs of UUIDv7 (RFC 9562 section 5.7), with a 12-bit counter per millisecond (6.2, method 1)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def new(self, prefix: str) -> str:
        return f"{prefix}_{_encoded(self._next())}"

    def new_in(self, workspace_id: str, prefix: str) -> str:
        return f"{prefix}_{_encoded(self._next() & ~0xFFFF | route_of_workspace(workspace_id))}"

    def _next(self) -> int:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            # If the clock stops or goes back, the counter continues, so that IDs stay in order.
            self._last = max(self._last + 1, milliseconds << 12)
            tick = self._last
        random = int.from_bytes(os.urandom(8)) >> 2
        return (tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random


def _encoded(number: int) -> str:
    """128 bits as 26 characters of Crockford base32, most significant first."""
    pairs = []
    for _ in range(13):
        pairs.append(_PAIRS[number & 0x3FF])
        number >>= 10
    return "".join(reversed(pairs))
