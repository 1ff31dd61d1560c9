"""A streaming replica of the embedded PostgreSQL."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from infra.dev.embedded import ROLE, EmbeddedServers
from infra.dev.processes import start_child, stop_child

SECONDS = 60


class RunningReplica:
    """The replica's URL, and its end."""

    def __init__(self, url: str, process: "subprocess.Popen[bytes]") -> None:
        self.url = url
        self._process = process

    def stop(self) -> None:
        stop_child(self._process, by=signal.SIGINT, seconds=SECONDS)


@contextmanager
def replica_of(servers: EmbeddedServers, *, delay: str) -> Iterator[RunningReplica]:
    """A replica that applies each commit only after the delay, such as `2s`."""
    binaries, user = servers._installed_postgres(), servers._user
    folder = Path(tempfile.mkdtemp(prefix="workgraph-replica-", dir="/var/tmp"))
    try:
        if user is not None:
            shutil.chown(folder, user, user)
        primary = make_url(servers.database_url).query["host"]
        assert isinstance(primary, str)
        data = folder / "data"
        copy = [binaries / "pg_basebackup", "--pgdata", data, "--host", primary, "--username", ROLE, "--no-sync"]
        subprocess.run(
            [*copy, "--checkpoint=fast", "--write-recovery-conf"],
            check=True,
            capture_output=True,
            timeout=SECONDS,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd=folder,
        )
        options = {
            "unix_socket_directories": folder,
            "listen_addresses": "",
            "max_connections": 200,  # at least that of the primary
            "recovery_min_apply_delay": delay,
            "fsync": "off",
        }
        with (folder / "log").open("wb") as log:
            process = start_child(
                [
                    binaries / "postgres",
                    "-D",
                    data,
                    *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
                ],
                death_signal=signal.SIGINT,
                output=log,
                user=user,
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                cwd=folder,
            )
        replica = RunningReplica(f"postgresql+asyncpg://{ROLE}@/{ROLE}?host={quote(str(folder))}", process)
        try:
            _wait_until_ready(folder)
            yield replica
        finally:
            replica.stop()
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while "ready to accept read-only connections" not in (folder / "log").read_text():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
