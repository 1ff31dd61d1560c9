"""`workgraph serve`."""

from typing import Annotated

import typer

from api.main import serve_listener, serve_with_workers, set_up_logs
from infra.dev.supervisor import bound_socket
from infra.settings import load_settings

commands = typer.Typer(add_completion=False)


@commands.command()
def serve(
    workers: Annotated[int | None, typer.Option(min=1, help="API processes; default WORKGRAPH_WORKERS.")] = None,
) -> None:
    """Serve the API until SIGTERM."""
    settings = load_settings(**({} if workers is None else {"workers": workers}))
    settings.require("database_url", "redis_url", "secret_key")
    set_up_logs(settings)
    with bound_socket(settings) as listener:
        (serve_listener if settings.workers == 1 else serve_with_workers)(listener, settings)
