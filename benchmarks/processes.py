"""Server processes: started alone, watched through /proc, ended by their id."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failures import BenchmarkError
from infra.dev.processes import start_child, stop_child, wait_until

START_SECONDS = 60.0
STOP_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 11, 12, 13, 14  # fields of stat(5) behind the name, from 0
_PARENT = 1


@contextmanager
def running(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, is_ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once it is ready; what it prints is in `server.log` of the folder."""
    log = folder / "server.log"
    with log.open("wb") as output:
        child = start_child(
            command, death_signal=signal.SIGKILL, output=output, environment=environment, cwd=folder.resolve()
        )
    try:
        is_up = wait_until(lambda: child.poll() is not None or is_ready(), seconds=START_SECONDS)
        if not is_up or child.poll() is not None:
            raise BenchmarkError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-3000:]}")
        yield child
    finally:
        stop_child(child, by=signal.SIGTERM, seconds=STOP_SECONDS)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """Processor time of one process with all its threads."""
    fields = _stat(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / TICKS


def tree_cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children, including children that have ended."""
    while True:
        ended = _ended(pid)
        alive = sum(_cpu_or_none(child) for child in children(pid))
        if _ended(pid) == ended:  # otherwise a child has just gone from one sum to the other
            return cpu_seconds(pid) + ended + alive


def machine_cpu_seconds() -> float:
    """Processor time of everything on this machine since it was started, idling not counted."""
    user, nice, system, _idle, _waiting, *others = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(map(int, (user, nice, system, *others[:2]))) / TICKS


def peak_memory(pid: int) -> int:
    """The most memory that the process has held, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"/proc does not say how much memory process {pid} holds.")


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[_PARENT]) == pid:
                found.append(int(path.name))
        except (OSError, IndexError):  # it has just ended
            continue
    return found


def parent_of(pid: int) -> int:
    return int(_stat(pid)[_PARENT])


@dataclass(frozen=True, slots=True)
class CpuReading:
    """Processor seconds used so far by the server, PostgreSQL, the load generator and the whole machine."""

    server: float
    postgres: float
    machine: float
    load: float

    @classmethod
    def take(cls, server: int, postgres: int) -> "CpuReading":
        times = os.times()
        return cls(
            cpu_seconds(server),
            tree_cpu_seconds(postgres),
            machine_cpu_seconds(),
            times.children_user + times.children_system,
        )

    def since(self, before: "CpuReading") -> "CpuReading":
        return CpuReading(
            self.server - before.server,
            self.postgres - before.postgres,
            self.machine - before.machine,
            self.load - before.load,
        )

    def share_of_others(self, seconds: float) -> float:
        """Share of all processors that other programs used, from 0 to 1."""
        others = self.machine - self.server - self.postgres - self.load
        return min(1.0, max(0.0, others / seconds / (os.cpu_count() or 1)))


def _stat(pid: int) -> list[str]:
    """The fields of stat(5) from the state on; the name before may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _ended(pid: int) -> float:
    """Processor time of the children that have ended."""
    fields = _stat(pid)
    return (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / TICKS


def _cpu_or_none(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (OSError, IndexError):
        return 0.0
