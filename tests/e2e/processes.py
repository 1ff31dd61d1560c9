"""Runs the command `workgraph` as people do, in a folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.dev.embedded import EmbeddedServers

ROOT = Path(__file__).parents[2]
SECONDS = 60.0


@dataclass
class Workgraph:
    """The command in one folder; `variables` are those of its environment that begin with WORKGRAPH_."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    sources: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        own = {f"WORKGRAPH_{name}": value for name, value in self.variables.items()}
        return {**os.environ, "PYTHONPATH": str(self.sources), "PYTHONUNBUFFERED": "1", **own}

    def command(self, *arguments: str) -> Sequence[str]:
        return [sys.executable, "-m", "cli", *arguments]

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator["Running"]:
        """The process; it is killed at the end if it still runs."""
        log = self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running = Running(process, log)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            running.wait_for_children_to_end()


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    log: Path
    family: set[int] = field(default_factory=set)

    def wait_for_text(self, text: str) -> None:
        self.wait_for(lambda: text in self.log.read_text(), f"{text!r} in the output")

    def wait_until_ready(self, url: str) -> dict[str, object]:
        self.wait_for(lambda: status_of(f"{url}/readyz") == 200, f"{url}/readyz")
        self.family = descendants(self.process.pid)
        return json.loads(content_of(f"{url}/readyz"))

    def receivers(self) -> list[int]:
        """Worker processes that get new connections; their supervisor logs each change."""
        found = re.findall(r"New connections go to the worker processes ([\d, ]+)\.", self.log.read_text())
        return [int(pid) for pid in found[-1].split(", ")] if found else []

    def end(self, by: signal.Signals) -> int:
        """The exit code after the signal."""
        self.family |= descendants(self.process.pid)
        self.process.send_signal(by)
        return self.process.wait(SECONDS)

    def wait_for_children_to_end(self) -> None:
        deadline = time.monotonic() + SECONDS
        while alive := {pid for pid in self.family if is_alive(pid)}:
            assert time.monotonic() < deadline, f"still running: {alive}\n{self.log.read_text()}"
            time.sleep(0.02)

    def wait_for(self, condition: Callable[[], bool], wanted: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self.process.poll() is None, f"ended while waiting for {wanted}:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"no {wanted}:\n{self.log.read_text()}"
            time.sleep(0.02)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def content_of(url: str) -> bytes:
    """Content of the address; empty without an answer, since an ending process resets its newest connections."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return b""


def children(pid: int) -> set[int]:
    return {int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()}


def descendants(pid: int) -> set[int]:
    direct = children(pid)
    return direct.union(*(descendants(child) for child in direct))


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def forget_data(folder: Path) -> None:
    """Removes the embedded database, which lies outside of the folder if the tests run as root."""
    EmbeddedServers(folder / ".workgraph", durable=False).forget()
