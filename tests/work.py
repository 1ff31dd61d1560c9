"""Work counted in calls, so that "quickly" means the same on a busy machine as on a quiet one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Calls:
    """Counter of function calls, Python's and C's."""

    count = 0

    def see(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            self.count += 1


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Counts the calls of this thread within the block; some ten million calls are a second of work."""
    calls = Calls()
    sys.setprofile(calls.see)
    try:
        yield calls
    finally:
        sys.setprofile(None)
