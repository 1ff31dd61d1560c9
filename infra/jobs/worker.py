import asyncio
import gc
import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from domain.app import App
from infra.bootstrap import open_app
from infra.db.engine import engine_options, open_engines
from infra.jobs.arq_worker import ArqWorker
from infra.jobs.leases import SqlLeases
from infra.jobs.runner import JobRunner, RunnerOptions
from infra.jobs.schedule import Periodic, Schedule, periodic_work
from infra.settings import SECRET_NAMES, Settings
from infra.slices import HANDLERS

# Collect garbage rarely, because long jobs create many objects and hardly any reference cycles.
RARE_COLLECTIONS = (50_000, 20, 100)
POOL_SIZE = 3  # separate from the handlers' pool, so that handlers cannot delay the renewal of leases


async def run_worker(settings: Settings) -> None:
    """Runs jobs until SIGTERM or SIGINT. Running jobs may then finish for the shutdown time."""
    gc.set_threshold(*RARE_COLLECTIONS)
    with _stop_signals() as stop:
        await _run(settings, stop)


async def _run(settings: Settings, stop: asyncio.Event) -> None:
    # ARQ logs every wake-up and its end at INFO.
    logging.getLogger("arq").setLevel(logging.WARNING)
    database_url = settings.database_url.get_secret_value()
    options = replace(engine_options(settings), write_pool_size=POOL_SIZE)
    async with open_app(settings) as app, open_engines(database_url, options) as engines:
        leases = SqlLeases(engines.write, duration=timedelta(seconds=settings.job_lease_seconds))
        runner = JobRunner[App](app, HANDLERS, leases, runner_options(settings))
        schedule = Schedule(engines.write, _periodic_work(settings))
        worker = ArqWorker(runner, schedule, settings.redis_url.get_secret_value())
        await worker.run(stop)


def _periodic_work(settings: Settings) -> Sequence[Periodic]:
    return periodic_work(
        security_log_kept=timedelta(days=settings.security_log_days),
        change_log_kept=timedelta(days=settings.change_log_days) if settings.change_log_days else None,
    )


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Event that the first SIGTERM or SIGINT in the block sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def runner_options(settings: Settings) -> RunnerOptions:
    return RunnerOptions(
        concurrency=settings.worker_concurrency,
        lease=settings.job_lease_seconds,
        poll=settings.job_poll_seconds,
        shutdown=settings.shutdown_seconds,
        secrets=[getattr(settings, name).get_secret_value() for name in SECRET_NAMES],
    )
