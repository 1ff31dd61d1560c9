"""Child processes of `workgraph dev`, forked from it: started, restarted with new code, and replaced after a crash."""

import asyncio
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Self

from pydantic import SecretStr

from infra.db import migrate
from infra.dev.processes import die_with_parent, wait_until
from infra.dev.stop_request import end_by_stop_signals, stop_signals_held
from infra.settings import PREFIX, Settings, load_settings

# A fork starts with the libraries loaded. macOS system libraries do not survive a fork.
PROCESSES = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
PACKAGES = ("api", "cli", "domain", "infra", "migrations")
STOP_SECONDS = 8.0
LONG_ENOUGH_SECONDS = 10.0  # programs that end sooner have a fault that a restart cannot fix
MOST_QUICK_KILLS = 3
MIGRATION_SECONDS = 300.0

_log = logging.getLogger("workgraph.dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to run; `entry` is a function as "module:name", called with the listening socket."""

    name: str
    entry: str


MIGRATION = Program(name="migration", entry="infra.dev.children:migrate_database")


@dataclass(slots=True, kw_only=True)
class _Child:
    program: Program
    process: BaseProcess
    started: float
    is_reported: bool = False

    def has_ended(self) -> bool:
        return not self.process.is_alive()


class Children:
    """Runs the programs while the context is open, on the main thread; leaving it ends them."""

    def __init__(
        self,
        programs: Sequence[Program],
        settings: Settings,
        listener: socket.socket,
        *,
        while_waiting: Callable[[], None],
    ) -> None:
        self._programs = programs
        self._environment = environment_of(settings)
        self._listener = listener
        self._while_waiting = while_waiting
        self._children: dict[str, _Child] = {}
        self._quick_kills: dict[str, int] = {}
        self._has_new_code = False
        self._has_to_migrate = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def start(self) -> None:
        for program in self._programs:
            self._start(program)

    def restart(self, *, migrates: bool) -> None:
        """Ends the programs and starts them with the code that is on disk now, after the migrations if asked to.

        A failed migration keeps the programs stopped and is retried at the next call.
        """
        self._stop()
        self._quick_kills.clear()
        self._has_new_code = True
        self._has_to_migrate = self._has_to_migrate or migrates
        if self._has_to_migrate and not self._migrated():
            _log.error("The migration failed. API and worker restart after the next change of a source file.")
            return
        self._has_to_migrate = False
        self.start()

    def replace_ended(self, *, may_restart: bool) -> Sequence[str]:
        """Names of the programs that ended since the last call. `may_restart` restarts those that ran long enough."""
        ended = [child for child in self._children.values() if child.has_ended() and not child.is_reported]
        for child in ended:
            child.is_reported = True
            if may_restart:
                self._replace(child)
        return [child.program.name for child in ended]

    def _replace(self, child: _Child) -> None:
        name, code = child.program.name, child.process.exitcode or 0
        if time.monotonic() - child.started >= LONG_ENOUGH_SECONDS:
            self._quick_kills.pop(name, None)
        elif code < 0:
            self._quick_kills[name] = self._quick_kills.get(name, 0) + 1
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        is_hopeless = code >= 0 and time.monotonic() - child.started < LONG_ENOUGH_SECONDS
        if is_hopeless or self._quick_kills.get(name, 0) > MOST_QUICK_KILLS:
            _log.error("The %s %s. It restarts after the next change of a source file.", name, how)
            return
        _log.error("The %s %s. Restarting it.", name, how)
        self._start(child.program)

    def _migrated(self) -> bool:
        self._start(MIGRATION)
        process = self._children[MIGRATION.name].process

        def is_over() -> bool:
            self._while_waiting()
            return not process.is_alive()

        is_in_time = wait_until(is_over, seconds=MIGRATION_SECONDS)
        self._stop()
        return is_in_time and process.exitcode == 0

    def _start(self, program: Program) -> None:
        self._while_waiting()
        arguments = (program.entry, self._environment, self._listener, os.getpid(), self._has_new_code)
        process = PROCESSES.Process(target=_run_program, args=arguments, name=program.name)
        with stop_signals_held():  # a forked child has this process's handlers until it replaces them
            process.start()
        self._children[program.name] = _Child(program=program, process=process, started=time.monotonic())

    def _stop(self) -> None:
        for child in self._children.values():
            child.process.terminate()
        wait_until(lambda: all(child.has_ended() for child in self._children.values()), seconds=STOP_SECONDS)
        for child in self._children.values():
            child.process.kill()
            child.process.join()
        self._children.clear()


def migrate_database(_: socket.socket) -> None:
    """Brings the database of this process's environment to the migrations on disk; exits with 1 if that fails."""
    try:
        asyncio.run(migrate.upgrade(load_settings().migration_url))
    except migrate.MigrationError as error:
        _log.error("%s", error)
        raise SystemExit(1) from None


def _run_program(
    entry: str, environment: Mapping[str, str], listener: socket.socket, parent: int, has_new_code: bool
) -> None:
    os.setsid()
    die_with_parent(parent, signal.SIGTERM)
    end_by_stop_signals()
    os.environ.update(environment)
    if has_new_code:
        _forget_own_modules()
    module, _, name = entry.partition(":")
    getattr(importlib.import_module(module), name)(listener)


def _forget_own_modules() -> None:
    """Unloads this project's modules only; reloading the libraries would take most of the start time."""
    for name in tuple(sys.modules):
        if name.partition(".")[0] in PACKAGES:
            del sys.modules[name]
    importlib.invalidate_caches()


def environment_of(settings: Settings) -> Mapping[str, str]:
    """Environment variables from which another process reads the same settings."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    for name, value in settings:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        text = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        own[f"{PREFIX}{name.upper()}"] = text
    return own
