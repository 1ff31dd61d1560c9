"""Queue of messages to send on one socket."""

import asyncio
from collections import deque
from collections.abc import Callable


class Outbox:
    """A bounded queue whose writers wait for room. `on_stalled` is called if it stays full without progress."""

    def __init__(self, *, messages: int, size: int, stall_seconds: float, on_stalled: Callable[[], None]) -> None:
        self._most_messages = messages
        self._most_bytes = size
        self._stall_seconds = stall_seconds
        self._on_stalled = on_stalled
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._has_message = asyncio.Event()
        self._has_room = asyncio.Event()
        self._stall: asyncio.TimerHandle | None = None

    async def put(self, message: bytes) -> None:
        """Adds the message when there is room. A message larger than the queue waits until the queue is empty."""
        while not self.offer(message):
            if self._stall is None:
                self._stall = asyncio.get_running_loop().call_later(self._stall_seconds, self._on_stalled)
            self._has_room.clear()
            await self._has_room.wait()

    def offer(self, message: bytes) -> bool:
        """Adds the message if there is room now; returns whether it was added."""
        is_full = len(self._messages) >= self._most_messages or self._bytes + len(message) > self._most_bytes
        if self._messages and is_full:
            return False
        self._messages.append(message)
        self._bytes += len(message)
        self._has_message.set()
        return True

    async def take(self) -> bytes:
        """The next message. A call also confirms that the preceding message was sent."""
        self._forget_stall()
        while not self._messages:
            self._has_message.clear()
            await self._has_message.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        self._has_room.set()
        return message

    def close(self) -> None:
        self._forget_stall()
        self._messages.clear()
        self._bytes = 0

    def _forget_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
