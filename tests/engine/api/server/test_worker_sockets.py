import socket
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from api.server.worker_sockets import SharedSocket, SocketPerWorker, worker_sockets
from infra.dev.supervisor import StartError, bound_socket
from infra.settings import Settings, load_settings

CONNECTIONS = 64

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has a socket per worker.")


def settings_at(host: str, port: int = 0) -> Settings:
    return load_settings(host=host, port=port)


@contextmanager
def sockets_at(host: str, *, workers: int) -> Iterator[tuple[SocketPerWorker, int]]:
    """The sockets, and their port."""
    with bound_socket(settings_at(host)) as listener:
        sockets = SocketPerWorker(listener, workers=workers)
        yield sockets, listener.getsockname()[1]
        for _ in range(1, workers):
            sockets.close_last()


def accepted(sockets: SocketPerWorker, target: tuple[str, int], workers: Sequence[int]) -> Counter[int]:
    """Opens connections; how many of them each worker's socket has."""
    counts: Counter[int] = Counter()
    with ExitStack() as clients:
        for _ in range(CONNECTIONS):
            clients.enter_context(socket.create_connection(target, timeout=10))
        for worker in workers:
            listener = sockets.of(worker)
            listener.setblocking(False)
            with ExitStack() as taken:
                while True:
                    try:
                        taken.enter_context(listener.accept()[0])
                    except BlockingIOError:
                        break
                    counts[worker] += 1
    return counts


@linux_only
@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "::1"),
        ("::", "127.0.0.1"),
    ],
)
def test_connections_are_spread_over_the_sockets_of_all_workers(host: str, target: str):
    with sockets_at(host, workers=3) as (sockets, port):
        counts = accepted(sockets, (target, port), range(3))
    assert counts.total() == CONNECTIONS
    # The share of a worker is outside of 4 to 40 once in 10 million runs.
    assert all(4 <= counts[worker] <= 40 for worker in range(3)), counts


@linux_only
def test_workers_that_are_left_out_get_no_connections():
    with sockets_at("127.0.0.1", workers=3) as (sockets, port):
        target = ("127.0.0.1", port)
        sockets.send_to([1])
        assert accepted(sockets, target, range(3)) == {1: CONNECTIONS}
        sockets.send_to([2, 0])
        assert set(accepted(sockets, target, range(3))) == {0, 2}
        sockets.add()
        sockets.send_to([3])
        assert accepted(sockets, target, range(4)) == {3: CONNECTIONS}
        sockets.send_to(range(3))
        sockets.close_last()
        assert set(accepted(sockets, target, range(3))) == {0, 1, 2}


@linux_only
def test_the_address_is_refused_to_a_second_server():
    with (
        sockets_at("127.0.0.1", workers=2) as (_, port),
        pytest.raises(StartError, match="is taken by another program"),
    ):
        bound_socket(settings_at("127.0.0.1", port))


def test_other_systems_share_the_socket(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with bound_socket(settings_at("127.0.0.1")) as listener:
        sockets = worker_sockets(listener, workers=2)
        assert isinstance(sockets, SharedSocket)
        assert sockets.of(0) is sockets.of(1) is listener
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0


@linux_only
def test_a_system_that_refuses_programs_shares_the_socket(monkeypatch: pytest.MonkeyPatch):
    # An unknown option, as in sandboxes that know SO_REUSEPORT alone.
    monkeypatch.setattr("api.server.worker_sockets._SO_ATTACH_REUSEPORT_CBPF", 9_999)
    with bound_socket(settings_at("127.0.0.1")) as listener:
        target = listener.getsockname()
        assert isinstance(worker_sockets(listener, workers=3), SharedSocket)
        with pytest.raises(StartError):
            bound_socket(settings_at(*target))
        # The listener is the only socket at the address.
        for _ in range(20):
            with socket.create_connection(target, timeout=10), listener.accept()[0]:
                pass
