"""Listening sockets of several worker processes at one address, held by the process that supervises them."""

import ctypes
import logging
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

BACKLOG = 2048  # connections that wait to be accepted, for each socket
# Linux numbers of <asm-generic/socket.h> and <linux/filter.h>, which Python's `socket` does not name.
_SO_ATTACH_REUSEPORT_CBPF = 51
_LOAD_WORD, _MODULO, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x94, 0x15, 0x06
_RANDOM = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM

_log = logging.getLogger(__name__)


class WorkerSockets(Protocol):
    """Sockets by the number of the worker, which counts from 0."""

    def of(self, worker: int) -> socket.socket:
        """The socket that the worker accepts from."""
        ...

    def send_to(self, workers: Sequence[int]) -> None:
        """Gives new connections to these workers only."""
        ...

    def add(self) -> None:
        """Opens a socket for one more worker."""
        ...

    def close_last(self) -> None:
        """Closes the socket of the last worker."""
        ...


class SharedSocket:
    """One socket that all workers accept from; each connection goes to the first of them that asks."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def of(self, worker: int) -> socket.socket:
        return self._listener

    def send_to(self, workers: Sequence[int]) -> None:
        pass

    def add(self) -> None:
        pass

    def close_last(self) -> None:
        pass


class SocketPerWorker:
    """One socket per worker; the kernel picks the socket of each new connection at random.

    The sockets outlive their workers, so a worker that replaces another finds its waiting connections. Raises OSError
    if the system cannot do this.
    """

    def __init__(self, listener: socket.socket, *, workers: int) -> None:
        # `listener` was bound without SO_REUSEPORT, so its address was free. The option must not be set before: two
        # servers of one user could then listen at the same address, and each would get half of the connections.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._sockets = [listener]
        with ExitStack() as undo:
            undo.callback(self._share, listener)
            while len(self._sockets) < workers:
                self.add()
            self.send_to(range(workers))
            undo.pop_all()

    def of(self, worker: int) -> socket.socket:
        return self._sockets[worker]

    def send_to(self, workers: Sequence[int]) -> None:
        program = _random_choice(workers)
        code = ctypes.create_string_buffer(program, len(program))
        # struct sock_fprog: number of instructions, and their address
        argument = struct.pack("HP", len(program) // _INSTRUCTION.size, ctypes.addressof(code))
        self._sockets[0].setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, argument)

    def add(self) -> None:
        first = self._sockets[0]
        added = socket.socket(first.family, first.type)
        try:
            added.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            added.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            added.bind(first.getsockname())
            added.listen(BACKLOG)
        except OSError:
            added.close()
            raise
        self._sockets.append(added)

    def close_last(self) -> None:
        self._sockets.pop().close()

    def _share(self, listener: socket.socket) -> None:
        while len(self._sockets) > 1:
            self.close_last()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)


_INSTRUCTION = struct.Struct("HBBI")  # struct sock_filter: code, jump if true, jump if false, operand


def _random_choice(workers: Sequence[int]) -> bytes:
    """A classic BPF program that returns one of the numbers, each with the same probability."""
    instructions = [(_LOAD_WORD, 0, 0, _RANDOM), (_MODULO, 0, 0, len(workers))]
    for choice, worker in enumerate(workers):
        instructions += [(_JUMP_IF_EQUAL, 0, 1, choice), (_RETURN, 0, 0, worker)]
    instructions.append((_RETURN, 0, 0, workers[-1]))  # never reached; a program has to end with a return
    return b"".join(_INSTRUCTION.pack(*each) for each in instructions)


def worker_sockets(listener: socket.socket, *, workers: int) -> WorkerSockets:
    """A socket per worker on Linux; elsewhere, and where a sandbox refuses, `listener` for all workers.

    Workers that share a socket compete for connections, which few connections spread unevenly. Other systems have
    SO_REUSEPORT too, but macOS gives all connections to one of the sockets.
    """
    if sys.platform == "linux":
        try:
            return SocketPerWorker(listener, workers=workers)
        except OSError as error:
            _log.info("Workers share one listening socket: %s.", error.strerror)
    return SharedSocket(listener)
