"""Limits on the sockets of one process, in total and for each socket."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from api.http.options import SocketOptions
from api.sockets.protocol import CloseCode, Ending


class MessageRate:
    """A token bucket that holds the messages of one second and refills steadily."""

    def __init__(self, per_second: int, *, now: Callable[[], float]) -> None:
        self._per_second = per_second
        self._now = now
        self._left = float(per_second)
        self._counted_at = now()

    def take(self) -> bool:
        """Whether one more message is allowed now."""
        now = self._now()
        self._left = min(self._per_second, self._left + (now - self._counted_at) * self._per_second)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Endable(Protocol):
    def end(self, ending: Ending) -> None:
        """Starts to close the socket. The client gets the first reason."""
        ...


class SocketRegistry:
    """All open sockets of this process."""

    def __init__(self, options: SocketOptions) -> None:
        self._options = options
        self._users: dict[Endable, str | None] = {}
        self._unanswered: dict[Endable, None] = {}
        self._per_user: Counter[str] = Counter()
        self._is_closing = False
        self._all_gone = asyncio.Event()

    def __len__(self) -> int:
        return len(self._users)

    def refusal(self) -> Ending | None:
        """The reason why the process refuses further sockets; None if it accepts them."""
        if self._is_closing:
            return Ending(CloseCode.GOING_AWAY, "Server is shutting down")
        if len(self._users) >= self._options.sockets:
            return Ending(CloseCode.TRY_AGAIN_LATER, "Too many WebSocket connections")
        return None

    @contextmanager
    def enrolled(self, socket: Endable) -> Iterator[None]:
        """Counts the socket while it is open. A socket that is not signed in may be closed for a newer one."""
        if len(self._unanswered) >= self._options.unanswered_sockets:
            # Clients that open sockets without signing in must not keep out clients that sign in immediately.
            oldest = next(iter(self._unanswered))
            del self._unanswered[oldest]
            oldest.end(Ending(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout"))
        self._users[socket] = None
        self._unanswered[socket] = None
        self._all_gone.clear()
        try:
            yield
        finally:
            self._leave(socket)

    def admit(self, socket: Endable, *, user_id: str) -> None:
        """Counts the socket for its user; raises Ending if the user has too many."""
        if self._per_user[user_id] >= self._options.sockets_per_user:
            raise Ending(CloseCode.TOO_MANY, "Too many WebSocket connections of this user")
        self._unanswered.pop(socket, None)
        self._users[socket] = user_id
        self._per_user[user_id] += 1

    async def close_all(
        self, *, code: CloseCode = CloseCode.GOING_AWAY, reason: str = "Server is shutting down", within: float
    ) -> int:
        """Closes every socket and refuses new ones. Returns how many are still open after `within` seconds."""
        self._is_closing = True
        for socket in tuple(self._users):
            socket.end(Ending(code, reason))
        if self._users:
            try:
                await asyncio.wait_for(self._all_gone.wait(), within)
            except TimeoutError:
                return len(self._users)
        return 0

    def _leave(self, socket: Endable) -> None:
        self._unanswered.pop(socket, None)
        user_id = self._users.pop(socket)
        if user_id is not None:
            self._per_user[user_id] -= 1
            if not self._per_user[user_id]:
                del self._per_user[user_id]
        if not self._users:
            self._all_gone.set()
