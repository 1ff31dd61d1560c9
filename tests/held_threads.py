import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

LIVELINESS = 30  # seconds


class HeldThreads(ThreadPoolExecutor):
    """Thread pool whose threads wait until they are released; counts all submitted work and the most at once."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.are_let = threading.Event()
        self.given = 0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.given += 1
        return super().submit(self._once_let, work, *arguments, **named)

    def _once_let(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            assert self.are_let.wait(LIVELINESS)
            return work(*arguments, **named)
        finally:
            with self._lock:
                self._at_once -= 1
