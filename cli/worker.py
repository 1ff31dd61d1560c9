"""`workgraph worker`."""

import asyncio

import typer
from uvicorn.loops.auto import auto_loop_factory

from cli.application import set_up_logs
from infra.dev.servers import servers_at_hand
from infra.jobs.worker import run_worker
from infra.settings import Settings, load_settings

commands = typer.Typer(add_completion=False)


@commands.command()
def worker() -> None:
    """Run jobs until SIGTERM."""
    with servers_at_hand(load_settings()) as ready:
        _work(ready)


def work(*_: object) -> None:
    """Runs jobs in this process, with the settings of its environment."""
    _work(load_settings().require("database_url", "redis_url", "secret_key"))


def _work(settings: Settings) -> None:
    set_up_logs(settings)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(run_worker(settings))
