import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from uvicorn.config import STARTUP_FAILURE

from tests.e2e.processes import ROOT, Running, is_alive
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has a socket per worker.")

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Server:
    """The program of `worker_program`, whose workers start as soon as `open` is called."""

    def __init__(self, folder: Path, running: Running, address: tuple[str, int]) -> None:
        self._folder = folder
        self._running = running
        self.address = address
        self.process = running.process

    def open(self) -> None:
        (self._folder / "open").touch()

    def close(self) -> None:
        """Lets the next workers wait in their start."""
        (self._folder / "open").unlink()

    def break_start(self) -> None:
        (self._folder / "broken").touch()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE)

    def ask(self) -> int:
        """The process that answers a request on a new connection."""
        with self.connect() as client:
            return asked(client)

    def workers(self) -> set[int]:
        """Processes that answer 40 requests; one of two is not among them once in 5 * 10**11 times."""
        return {self.ask() for _ in range(40)}

    def wait_for(self, condition: Callable[[], bool], wanted: str) -> None:
        self._running.wait_for(condition, wanted)

    def wait_for_workers(self, count: int) -> set[int]:
        """The processes that get new connections, once they are that many and ready."""
        found: set[int] = set()

        def are_ready() -> bool:
            nonlocal found
            found = self.receivers()
            return len(found) == count and found <= self.workers()

        self.wait_for(are_ready, f"{count} workers")
        return found

    def receivers(self) -> set[int]:
        return set(self._running.receivers())

    def end(self, by: signal.Signals) -> int:
        return self._running.end(by)

    @property
    def log(self) -> str:
        return self._running.log.read_text()


def asked(client: socket.socket) -> int:
    client.sendall(GET)
    with client.makefile("rb") as answer:
        content = answer.read()
    assert content.startswith(b"HTTP/1.1 200"), content
    return int(content.rpartition(b"\r\n")[2])


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    log = folder / "log"
    with log.open("wb") as output, socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        address = listener.getsockname()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.api.server.worker_program", str(listener.fileno()), str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(process, log)
    try:
        yield Server(folder, running, address)
    finally:
        if process.poll() is None:
            running.end(signal.SIGTERM)
        running.wait_for_children_to_end()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with served(tmp_path) as server:
        server.open()
        yield server


@pytest.fixture
def workers(server: Server) -> list[int]:
    return sorted(server.wait_for_workers(2))


@pytest.mark.verify
def test_a_killed_worker_loses_no_connection_that_waits(server: Server, workers: list[int]):
    killed, other = workers
    server.close()
    os.kill(killed, signal.SIGSTOP)
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(40)]
        for client in clients:
            client.sendall(GET)
        # About half of them wait in the socket of the worker that does not accept.
        os.kill(killed, signal.SIGKILL)
        # The new worker is not ready, so the other one gets all new connections.
        assert server.wait_for_workers(1) == {other}
        assert server.workers() == {other}
        server.open()
        answers = {asked_before(client) for client in clients}
    new = answers - {other}
    assert len(new) == 1
    assert killed not in new
    assert server.wait_for_workers(2) == {other, *new}


def asked_before(client: socket.socket) -> int:
    with client.makefile("rb") as answer:
        return int(answer.read().rpartition(b"\r\n")[2])


@pytest.mark.verify
def test_no_request_fails_while_workers_are_replaced_added_and_ended(server: Server, workers: list[int]):
    with requests_under_way(server) as answers:
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: not any(map(is_alive, workers)), "end of the old workers")
        second = server.wait_for_workers(2)
        server.process.send_signal(signal.SIGTTIN)
        third = server.wait_for_workers(3)
        server.process.send_signal(signal.SIGTTOU)
        fourth = server.wait_for_workers(2)
    assert second.isdisjoint(workers)
    assert second == fourth < third
    assert len(answers) > 100
    assert set(answers) <= {*workers, *third}


@contextmanager
def requests_under_way(server: Server) -> Iterator[Sequence[int]]:
    """Asks again and again until the block is left; a request that fails fails the test."""
    answers: list[int] = []
    failures: list[BaseException] = []
    is_over = threading.Event()

    def ask() -> None:
        try:
            while not is_over.is_set():
                answers.append(server.ask())
        except BaseException as error:  # noqa: BLE001  raised again below
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    for failure in failures:
        raise failure


@pytest.mark.verify
def test_a_worker_that_does_not_become_ready_ends_no_other_worker(server: Server, workers: list[int]):
    server.break_start()
    server.process.send_signal(signal.SIGHUP)
    server.wait_for(lambda: "did not become ready" in server.log, "message")
    assert sorted(server.wait_for_workers(2)) == workers


def test_workers_that_cannot_start_end_the_server(tmp_path: Path):
    with served(tmp_path) as server:
        server.break_start()
        assert server.process.wait(PATIENCE) == STARTUP_FAILURE
        assert "failed to start" in server.log
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_sigterm_ends_all_workers(server: Server, workers: list[int]):
    assert server.end(signal.SIGTERM) == 0
    assert not any(map(is_alive, workers))
