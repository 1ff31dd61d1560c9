"""`workgraph worker`: a process that runs background jobs."""

import asyncio

from uvicorn.loops.auto import auto_loop_factory

from cli.application import set_up_logs
from cli.lazy import module_commands
from infra.dev.servers import servers_at_hand
from infra.jobs.worker import run_worker
from infra.settings import Settings, load_settings

commands = module_commands()


@commands.command()
def worker() -> None:
    """Start a worker that runs background jobs.

    After SIGTERM, running jobs may finish for WORKGRAPH_SHUTDOWN_SECONDS. Jobs that do not finish run again later.
    """
    with servers_at_hand(load_settings()) as ready:
        _work(ready)


def work(*_: object) -> None:
    """Runs jobs in this process, with the settings of its environment."""
    _work(load_settings().require("database_url", "redis_url", "secret_key"))


def _work(settings: Settings) -> None:
    set_up_logs(settings)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(run_worker(settings))
