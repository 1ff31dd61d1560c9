"""Handler that writes log lines to a stream: in order, in few system calls, and without harm to the server."""

import asyncio
import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TextIO

# Processes that share a pipe cannot cut lines in two if each write has at most this size.
MOST_ATOMIC_BYTES = select.PIPE_BUF
MOST_HELD_BYTES = 1_048_576  # of a reader that has stopped reading; later lines are lost, and counted
RETRY_SECONDS = 0.05
EXIT_SECONDS = 1.0

Write = Callable[[bytes], int]


class LineHandler(logging.Handler):
    """Writes each record at once, and lines of `hold` at the end of the current turn of the event loop.

    Lines that cannot be written are counted; the number is logged as soon as the stream works again. A full pipe in
    non-blocking mode is tried again, while at most 1 MiB of lines is kept.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._write = _writer_of(stream, self._encoding)
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._lost = 0
        self._lost_to: BaseException | None = None
        self._due_in: asyncio.AbstractEventLoop | None = None  # the loop that will write the held lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + "\n"
        except Exception:  # noqa: BLE001  logging's own handlers treat an unformattable record in this way
            self.handleError(record)
            return
        self._add(line.encode(self._encoding, "backslashreplace"))
        self._write_held()

    def hold(self, line: bytes) -> None:
        """Writes the line with all others of this turn of the event loop; at once if no loop is running."""
        self.acquire()
        try:
            self._add(line)
            if not self._schedule():
                self._write_held()
        finally:
            self.release()

    def flush(self) -> None:
        """Writes the held lines. Waits for a slow reader for at most one second."""
        self.acquire()
        try:
            self._write_held()
            deadline = time.monotonic() + EXIT_SECONDS
            while self._held and time.monotonic() < deadline:
                time.sleep(RETRY_SECONDS)
                self._write_held()
        finally:
            self.release()

    def _add(self, line: bytes) -> None:
        if self._held_bytes + len(line) > MOST_HELD_BYTES and self._held:
            self._lost += 1
            return
        self._held.append(line)
        self._held_bytes += len(line)

    def _schedule(self, seconds: float = 0) -> bool:
        """Has the running event loop write the held lines; returns False without a loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        # A loop that was closed in between never runs its callback, so another loop schedules its own.
        if self._due_in is not loop:
            self._due_in = loop
            if seconds:
                loop.call_later(seconds, self._write_due)
            else:
                loop.call_soon(self._write_due)
        return True

    def _write_due(self) -> None:
        self.acquire()
        try:
            self._due_in = None
            self._write_held()
        finally:
            self.release()

    def _write_held(self) -> None:
        while self._held:
            lines, chunk = self._next_chunk()
            try:
                written = self._write(chunk)
            except BlockingIOError:
                self._keep(chunk)
                # Without an event loop, the next record or the end of the process tries again.
                self._schedule(RETRY_SECONDS)
                return
            except (OSError, ValueError) as error:  # for example a broken pipe, a full disk, a closed file
                self._lost += lines
                self._lost_to = error
                continue
            if written < len(chunk):
                self._keep(chunk[written:])
            elif self._lost and not self._held:
                self._add(self._loss())

    def _next_chunk(self) -> tuple[int, bytes]:
        """Number of lines and bytes of the next write: whole lines only."""
        chunk = [self._held.popleft()]
        size = len(chunk[0])
        while self._held and size + len(self._held[0]) <= MOST_ATOMIC_BYTES:
            chunk.append(self._held.popleft())
            size += len(chunk[-1])
        self._held_bytes -= size
        return len(chunk), b"".join(chunk)

    def _keep(self, rest: bytes) -> None:
        self._held.appendleft(rest)
        self._held_bytes += len(rest)

    def _loss(self) -> bytes:
        count, self._lost = self._lost, 0
        reason = self._lost_to or "The reader was too slow."
        self._lost_to = None
        message = "%d log lines were lost: %s"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, (count, reason), None)
        return f"{self.format(record)}\n".encode(self._encoding, "backslashreplace")


def _writer_of(stream: TextIO, encoding: str) -> Write:
    """Function that writes bytes to the stream, past its buffer if it has a file descriptor."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):  # for example a StringIO

        def write(data: bytes) -> int:
            stream.write(data.decode(encoding))
            stream.flush()
            return len(data)

        return write
    stream.flush()
    return partial(os.write, descriptor)
