"""Supervision of worker processes: uvicorn's, with a socket per worker."""

import logging
import sys
import time
from multiprocessing.connection import wait

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from api.server.worker_sockets import WorkerSockets

CHECK_SECONDS = 0.5  # between two questions to a worker; its end is noticed at once
ACCEPT_SECONDS = 0.1  # for a worker that is about to end to accept what waits in its socket

_log = logging.getLogger(__name__)


class _Worker(Process):
    """A worker process that is asked for its health without waiting for the answer."""

    is_ready_to_serve = False
    asked_at = 0.0
    is_asked = False

    def ask(self) -> None:
        """Sends a question at most every CHECK_SECONDS, and never a second one before the answer."""
        now = time.monotonic()
        if not self.is_asked and now - self.asked_at >= CHECK_SECONDS:
            self.asked_at = now
            self.is_asked = True
            self.parent_conn.send(b"ping")

    def read_answer(self) -> None:
        if self.parent_conn.poll():
            self.is_ready_to_serve |= self.parent_conn.recv()
            self.is_asked = False

    @property
    def has_ended(self) -> bool:
        return not self.process.is_alive()

    def hangs(self, seconds: float) -> bool:
        return self.is_asked and time.monotonic() - self.asked_at > seconds


class WorkerProcesses(Multiprocess):
    """Runs `config.workers` processes until SIGTERM, and replaces a process that dies or hangs.

    While a worker is not ready, the others get its share of new connections. SIGHUP replaces all workers one by one,
    SIGTTIN adds one, SIGTTOU ends one.
    """

    def __init__(self, config: Config, sockets: WorkerSockets) -> None:
        super().__init__(config, sockets=[])
        self._sockets = sockets
        self._workers: list[_Worker] = []
        self._receivers: list[_Worker] = []
        self._has_failed = False

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT, with all workers ended; exits if a worker cannot start."""
        for number in range(self.processes_num):
            self._workers.append(self._started(number))
        while not self.should_exit.is_set():
            connections = [each.parent_conn for each in self._workers]
            wait([*connections, *(each.process.sentinel for each in self._workers)], timeout=CHECK_SECONDS)
            self.handle_signals()
            self._check()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()
        if self._has_failed:
            sys.exit(STARTUP_FAILURE)

    def _check(self) -> None:
        for worker in self._workers:
            worker.read_answer()
        self._route()
        for number, worker in enumerate(self._workers):
            if worker.has_ended or worker.hangs(self.config.timeout_worker_healthcheck):
                self._replace(number, worker)
            else:
                worker.ask()

    def _replace(self, number: int, worker: _Worker) -> None:
        worker.kill()  # if it hangs
        worker.join()
        self._route()
        if worker.exitcode == STARTUP_FAILURE:
            # Every other process would fail like this one.
            _log.error("Worker process %s failed to start. Stopping.", worker.pid)
            self._has_failed = True
            self.should_exit.set()
        elif not self.should_exit.is_set():
            _log.error("Worker process %s died. Starting another one.", worker.pid)
            self._workers[number] = self._started(number)

    def restart_all(self) -> None:
        for number, old in enumerate(self._workers):
            # Both accept from one socket until the old process ends, so no connection waits.
            new = self._started(number)
            if not new.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit):
                new.kill()
                new.join()
                if not self.should_exit.is_set():
                    _log.error("Worker process %s did not become ready. Process %s continues.", new.pid, old.pid)
                return
            new.is_ready_to_serve = True
            old.terminate()
            old.join()
            self._workers[number] = new

    def handle_ttin(self) -> None:
        try:
            self._sockets.add()
        except OSError as error:
            _log.error("Cannot add a worker process: %s.", error.strerror)
            return
        self._workers.append(self._started(len(self._workers)))
        _log.info("Added a worker process, %d in total.", len(self._workers))

    def handle_ttou(self) -> None:
        if len(self._workers) == 1:
            return
        worker = self._workers.pop()
        self._route()
        time.sleep(ACCEPT_SECONDS)
        worker.terminate()
        worker.join()
        self._sockets.close_last()
        _log.info("Ended a worker process, %d in total.", len(self._workers))

    def _started(self, number: int) -> _Worker:
        worker = _Worker(self.config, [self._sockets.of(number)])
        worker.start()
        return worker

    def _route(self) -> None:
        """Gives new connections to the workers that are ready, or to all if none is."""
        receivers = [each for each in self._workers if each.is_ready_to_serve and not each.has_ended] or self._workers
        if receivers != self._receivers:
            self._sockets.send_to([self._workers.index(each) for each in receivers])
            self._receivers = list(receivers)
            _log.info("New connections go to the worker processes %s.", ", ".join(str(each.pid) for each in receivers))
