"""PgBouncer in front of a database."""

import os
import pwd
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from infra.dev.processes import start_child, stop_child

SECONDS = 60
SERVER_CONNECTIONS = 4
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # where Debian installs it, and only root searches


def pgbouncer_path(path: str = PATH) -> str | None:
    """Path of PgBouncer on the search path, or None."""
    return shutil.which("pgbouncer", path=path)


needs_pgbouncer = [
    pytest.mark.verify,
    pytest.mark.skipif(pgbouncer_path() is None, reason="No PgBouncer here; on Debian: apt install pgbouncer"),
]
"""The `pytestmark` of tests behind PgBouncer."""


@contextmanager
def pgbouncer(database_url: str, *, mode: str, **options: str) -> Iterator[str]:
    """URL of the database through a PgBouncer in this pool mode, with few connections to PostgreSQL."""
    program = pgbouncer_path()
    assert program is not None
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None  # PgBouncer does not run as root
    folder = Path(tempfile.mkdtemp(prefix="workgraph-pgbouncer-"))
    try:
        port = _free_port()
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(_configuration(database_url, port, {"pool_mode": mode, **options}))
        folder.chmod(0o755)
        with (folder / "log").open("wb") as log:
            child = start_child([program, configuration], death_signal=signal.SIGTERM, output=log, user=user)
        try:
            _wait_until_listening(port, folder / "log")
            url = make_url(database_url).set(username="anyone", password=None, host="127.0.0.1", port=port, query={})
            yield url.render_as_string(hide_password=False)
        finally:
            stop_child(child, by=signal.SIGINT, seconds=SECONDS)
    finally:
        shutil.rmtree(folder)


def _configuration(database_url: str, port: int, options: dict[str, str]) -> str:
    url = make_url(database_url)
    given = {
        "host": url.host or url.query.get("host"),
        "port": url.port or 5432,
        "dbname": url.database,
        "user": url.username,
        "password": url.password,
    }
    target = " ".join(f"{name}={value}" for name, value in given.items() if value)
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "default_pool_size": SERVER_CONNECTIONS,
        "max_client_conn": 200,
        **options,
    }
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"[databases]\n{url.database} = {target}\n[pgbouncer]\n{lines}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_listening(port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
