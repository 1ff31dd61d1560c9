"""`workgraph dev`: servers, API and worker as our children, started anew when a source file changes."""

import errno
import http.client
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from infra.db import migrate
from infra.dev.children import PACKAGES, Children, Program
from infra.dev.embedded import EmbeddedServers
from infra.dev.folder_lock import FolderInUse, FolderLock
from infra.dev.servers import DEV_LOCK, has_own_servers, with_own_secret, with_servers
from infra.dev.stop_request import Stopped, StopRequest
from infra.operator_error import OperatorError
from infra.settings import PREFIX, Settings, SettingsError

POLL_SECONDS = 0.25
GRACE_SECONDS = 3  # for running requests when the code changes or Ctrl-C is pressed

_log = logging.getLogger("workgraph.dev")


class StartError(OperatorError):
    """The development server cannot start; the message says what to do."""


class Supervisor:
    """Runs the programs until a stop signal; `prepare` is called at the start, `on_ready` when the API answers.

    `is_reset` deletes the data of the embedded servers first; without embedded servers it raises StartError.
    """

    def __init__(
        self,
        settings: Settings,
        programs: Sequence[Program],
        *,
        prepare: Callable[[Settings], Coroutine[object, object, None]],
        on_ready: Callable[[Settings], None],
        is_reset: bool = False,
    ) -> None:
        self._settings = settings
        self._programs = programs
        self._prepare = prepare
        self._on_ready = on_ready
        self._is_reset = is_reset
        self._stop = StopRequest()

    def run(self) -> None:
        """Returns after Ctrl-C or SIGTERM, with all processes ended; raises StartError if it cannot start."""
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
        if self._is_reset and has_own_servers(settings):
            raise StartError(
                f"{PREFIX}DATABASE_URL and {PREFIX}REDIS_URL name your own servers, which are not reset. "
                "Create an empty database instead."
            )
        servers = None if has_own_servers(settings) else self._open_servers(stack)
        if servers is not None:
            settings = with_servers(settings, servers.database_url, servers.redis_url)
        settings = with_own_secret(settings)
        self._stop.run(lambda: migrate.upgrade(settings.migration_url))
        lock.announce(
            url=settings.issuer,
            port=str(settings.port),
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
        )
        children = stack.enter_context(Children(self._programs, settings, listener, while_waiting=self._stop.check))
        children.start()
        self._stop.run(lambda: self._prepare(settings))
        self._watch(settings, children, servers)

    def _open_servers(self, stack: ExitStack) -> EmbeddedServers:
        servers = EmbeddedServers(self._settings.data_dir, durable=True, while_waiting=self._stop.check)
        if self._is_reset:
            servers.forget()
            for folder in ("files", "mail"):
                shutil.rmtree(self._settings.data_dir / folder, ignore_errors=True)
        return stack.enter_context(servers)

    def _watch(self, settings: Settings, children: Children, servers: EmbeddedServers | None) -> None:
        files = SourceFiles()
        is_ready = False
        while True:
            time.sleep(POLL_SECONDS)
            self._stop.check()
            if servers is not None:
                servers.check()
            changed = files.changed()
            if changed:
                _log.info("%s changed. Restarting.", changed[0].name)
                children.restart(migrates=any("migrations" in path.parts for path in changed))
            elif not is_ready and answers(settings):
                is_ready = True
                self._on_ready(settings)
            ended = children.replace_ended(may_restart=is_ready)
            if ended and not is_ready:
                raise StartError(f"The {ended[0]} ended before it was ready. The lines above give the reason.")


class SourceFiles:
    """Modification times of the project's Python files, compared at each call."""

    def __init__(self) -> None:
        specs = [find_spec(package) for package in PACKAGES]
        self._folders = [Path(place) for spec in specs if spec for place in spec.submodule_search_locations or ()]
        self._times = dict(self._read())

    def changed(self) -> Sequence[Path]:
        """Files that were written, created or deleted since the last call."""
        times = dict(self._read())
        different = {path for path, _ in times.items() ^ self._times.items()}
        self._times = times
        return [Path(path) for path in sorted(different)]

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
    """A listening socket; raises StartError if the address is in use or not an address of this machine."""
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


def dev_settings(settings: Settings) -> Settings:
    """Settings for development; raises SettingsError in production, which must not use generated values."""
    if settings.is_production:
        raise SettingsError([f"{PREFIX}ENVIRONMENT is production: use `workgraph serve` and `workgraph worker`."])
    return settings.replaced(shutdown_seconds=min(settings.shutdown_seconds, GRACE_SECONDS))


def answers(settings: Settings) -> bool:
    """Whether the API reports that it is ready."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else "::1" if settings.host == "::" else settings.host  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
