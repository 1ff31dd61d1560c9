"""`workgraph serve`: the API server."""

import asyncio
from typing import Annotated

import typer

from api.main import serve_listener, serve_with_workers, set_up_logs
from cli.lazy import module_commands
from infra.db.engine import require_guards
from infra.dev.supervisor import bound_socket
from infra.settings import load_settings

commands = module_commands()


@commands.command()
def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of API processes. Default: WORKGRAPH_WORKERS.")
    ] = None,
) -> None:
    """Start the API server.

    Requires WORKGRAPH_DATABASE_URL, WORKGRAPH_REDIS_URL and WORKGRAPH_SECRET_KEY. After SIGTERM, running requests may
    finish for WORKGRAPH_SHUTDOWN_SECONDS.
    """
    settings = load_settings(**({} if workers is None else {"workers": workers}))
    settings.require("database_url", "redis_url", "secret_key")
    set_up_logs(settings)
    # Compare here as well as in each API process: a supervisor restarts a process that refuses to start.
    asyncio.run(require_guards(settings))
    with bound_socket(settings) as listener:
        (serve_listener if settings.workers == 1 else serve_with_workers)(listener, settings)
