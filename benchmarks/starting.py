"""`python -m benchmarks.starting`: seconds until `workgraph dev` is ready, in an empty folder and again."""

import http.client
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.places import ROOT
from benchmarks.processes import free_port, running
from infra.dev.embedded import EmbeddedServers

LATER_STARTS = 5
ANSWER_SECONDS = 1.0


def measured(*, later_starts: int = LATER_STARTS) -> tuple[float, Sequence[float]]:
    """Seconds of the first start, which makes the databases and the demo data, and of the later ones; nothing stays."""
    with development_folder() as folder:
        first, *later = [_seconds(folder) for _ in range(1 + later_starts)]
    return first, later


@contextmanager
def development_folder() -> Iterator[Path]:
    """Empty folder, removed afterwards with the data that `workgraph dev` keeps elsewhere when root runs it."""
    folder = Path(tempfile.mkdtemp(prefix="workgraph-dev-"))
    try:
        yield folder
    finally:
        EmbeddedServers(folder / ".workgraph", durable=False).forget()
        shutil.rmtree(folder)


@contextmanager
def running_dev(folder: Path) -> Iterator[int]:
    """`workgraph dev` in that folder, once it is ready, on the port."""
    port = free_port()
    with running(
        [sys.executable, "-m", "cli", "dev"],
        environment={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "WORKGRAPH_PORT": str(port)},
        folder=folder,
        is_ready=lambda: _is_ready(port),
    ):
        yield port


def _seconds(folder: Path) -> float:
    started = time.monotonic()
    with running_dev(folder):
        return time.monotonic() - started


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    first, later = measured()
    print(f"first start {first:.1f} s; later ones {median(later):.1f} s ({min(later):.1f}-{max(later):.1f})")
