"""`workgraph dev`: servers, API and worker as our children, started anew when a source file changes."""

import errno
import http.client
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from pathlib import Path

from pydantic import SecretStr

from infra.db import migrate
from infra.development import DEV_LOCK, with_own_secret, with_servers
from infra.embedded import EmbeddedServers
from infra.folder_lock import FolderInUse, FolderLock
from infra.processes import die_with_parent, wait_until
from infra.settings import PREFIX, Settings, SettingsError
from infra.stop_request import Stopped, StopRequest, end_by_stop_signals, stop_signals_held

# A fork has the libraries loaded already; macOS's own libraries do not survive one.
PROCESSES = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
PACKAGES = ("api", "domain", "infra", "migrations")
POLL_SECONDS = 0.25
STOP_SECONDS = 8.0
GRACE_SECONDS = 3  # for requests in course when the code changes or Ctrl-C is pressed

_log = logging.getLogger("workgraph.dev")


class StartError(Exception):
    """It cannot start; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of the processes; `entry` is a function as "module:name", called with the listening socket."""

    name: str
    entry: str


class Supervisor:
    """Runs the programs until a signal comes; `prepare` is called as they start, `on_ready` when the API answers."""

    def __init__(
        self,
        settings: Settings,
        programs: Sequence[Program],
        *,
        prepare: Callable[[Settings], Coroutine[object, object, None]],
        on_ready: Callable[[Settings], None],
    ) -> None:
        self._settings = settings
        self._programs = programs
        self._prepare = prepare
        self._on_ready = on_ready
        self._stop = StopRequest()
        self._children: dict[str, BaseProcess] = {}

    def run(self) -> None:
        """Returns after Ctrl-C or SIGTERM, with nothing left running; raises StartError when it cannot start."""
        self._stop.listen()
        try:
            with ExitStack() as stack:
                self._open(stack)
        except Stopped:
            _log.info("Stopped.")

    def _open(self, stack: ExitStack) -> None:
        lock = stack.enter_context(_only_one(self._settings.data_dir))
        listener = stack.enter_context(bound_socket(self._settings))
        settings = self._settings.replaced(port=listener.getsockname()[1])
        if not (settings.database_url.get_secret_value() and settings.redis_url.get_secret_value()):
            servers = EmbeddedServers(settings.data_dir, durable=True, while_waiting=self._stop.check)
            stack.enter_context(servers)
            settings = with_servers(settings, servers.database_url, servers.redis_url)
        settings = with_own_secret(settings)
        self._stop.run(lambda: migrate.upgrade(settings.database_url.get_secret_value()))
        lock.announce(
            url=settings.issuer,
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
        )
        stack.callback(self._stop_children)
        self._start_children(settings, listener, is_restart=False)
        self._stop.run(lambda: self._prepare(settings))
        self._watch(settings, listener)

    def _watch(self, settings: Settings, listener: socket.socket) -> None:
        files = SourceFiles()
        is_ready = False
        silent: set[str] = set()
        while True:
            time.sleep(POLL_SECONDS)
            self._stop.check()
            changed = files.changed()
            if changed:
                _log.info("%s has changed: starting again.", changed.name)
                self._stop_children()
                silent.clear()
                self._start_children(settings, listener, is_restart=True)
            elif not is_ready and answers(settings):
                is_ready = True
                self._on_ready(settings)
            for name in self._ended() - silent:
                if not is_ready:
                    raise StartError(f"The {name} has ended before it was ready; the lines above say why.")
                _log.error("The %s has ended. It is started again when a source file changes.", name)
                silent.add(name)

    def _start_children(self, settings: Settings, listener: socket.socket, *, is_restart: bool) -> None:
        self._stop.check()
        for program in self._programs:
            arguments = (program.entry, environment_of(settings), listener, os.getpid(), is_restart)
            child = PROCESSES.Process(target=_run_program, args=arguments, name=program.name)
            with stop_signals_held():  # a forked child has our handlers until it replaces them
                child.start()
            self._children[program.name] = child

    def _ended(self) -> set[str]:
        return {name for name, child in self._children.items() if not child.is_alive()}

    def _stop_children(self) -> None:
        for child in self._children.values():
            child.terminate()
        wait_until(lambda: len(self._ended()) == len(self._children), seconds=STOP_SECONDS)
        for child in self._children.values():
            child.kill()
            child.join()
        self._children.clear()


def _run_program(
    entry: str, environment: Mapping[str, str], listener: socket.socket, parent: int, is_restart: bool
) -> None:
    os.setsid()
    die_with_parent(parent, signal.SIGTERM)
    end_by_stop_signals()
    os.environ.update(environment)
    if is_restart:
        _forget_own_modules()
    module, _, name = entry.partition(":")
    getattr(importlib.import_module(module), name)(listener)


def _forget_own_modules() -> None:
    """Our code is read again, and the libraries, most of the start's time, are not."""
    for name in tuple(sys.modules):
        if name.partition(".")[0] in PACKAGES:
            del sys.modules[name]
    importlib.invalidate_caches()


class SourceFiles:
    """The times of all Python files of the project, compared at each call."""

    def __init__(self) -> None:
        specs = [find_spec(package) for package in PACKAGES]
        self._folders = [Path(place) for spec in specs if spec for place in spec.submodule_search_locations or ()]
        self._times = dict(self._read())

    def changed(self) -> Path | None:
        """One file that was written, made or deleted since the last call."""
        times = dict(self._read())
        different = next(iter(times.items() ^ self._times.items()), None)
        self._times = times
        return Path(different[0]) if different else None

    def _read(self) -> Iterator[tuple[str, int]]:
        for folder in self._folders:
            for path, folders, names in os.walk(folder):
                folders[:] = [name for name in folders if name not in ("__pycache__", "node_modules", "vendor")]
                for name in names:
                    if name.endswith(".py"):
                        yield from _time_of(f"{path}/{name}")


def _time_of(path: str) -> Iterator[tuple[str, int]]:
    try:
        yield path, Path(path).stat().st_mtime_ns
    except FileNotFoundError:
        return


@contextmanager
def _only_one(data_dir: Path) -> Iterator[FolderLock]:
    lock = FolderLock(data_dir / DEV_LOCK)
    try:
        lock.__enter__()
    except FolderInUse as error:
        url = error.holder.get("url", "it is still starting")
        raise StartError(
            f"Workgraph is already running in this folder: {url}, process {error.holder.get('pid', 'unknown')}. "
            f"Stop it first, or set {PREFIX}DATA_DIR and {PREFIX}PORT to run a second one."
        ) from error
    try:
        yield lock
    finally:
        lock.__exit__()


def bound_socket(settings: Settings) -> socket.socket:
    """A listening socket; raises StartError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {settings.port} on {settings.host} is taken by another program. "
                f"Set {PREFIX}PORT to a free one, for example: {PREFIX}PORT={settings.port + 1} workgraph dev"
            ) from error
        raise StartError(
            f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. "
            f"Set {PREFIX}HOST and {PREFIX}PORT."
        ) from error
    return listener


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The variables from which another process reads the same settings."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    for name, value in settings:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        text = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        own[f"{PREFIX}{name.upper()}"] = text
    return own


def dev_settings(settings: Settings) -> Settings:
    """Raises SettingsError in production, where nothing may be made up."""
    if settings.is_production:
        raise SettingsError([f"{PREFIX}ENVIRONMENT is production: use `workgraph serve` and `workgraph worker`."])
    return settings.replaced(shutdown_seconds=min(settings.shutdown_seconds, GRACE_SECONDS))


def answers(settings: Settings) -> bool:
    """Whether the API says that it is ready."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else "::1" if settings.host == "::" else settings.host  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
