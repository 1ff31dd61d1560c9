"""`workgraph dev`: a development server."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from api.mailbox.pages import PATH as MAILBOX_PATH
from api.main import serve_listener, set_up_logs
from cli.errors import error_lines
from cli.lazy import module_commands
from cli.worker import work
from domain.seed.commands import SeedOrder
from domain.seed.model import SeedOutcome
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from domain.shared.errors import Rejected
from infra.bootstrap import open_app
from infra.db.migrate import UNRELEASED, UnreleasedDatabase
from infra.dev.children import Program
from infra.dev.servers import has_own_servers
from infra.dev.supervisor import Supervisor, dev_settings
from infra.settings import Settings, load_settings

commands = module_commands()


@commands.command()
def dev(
    reset: Annotated[
        bool, typer.Option("--reset", help="Delete all data of the embedded servers first. Cannot be undone.")
    ] = False,
) -> None:
    """Start all servers for development, and restart the API and the worker when the code changes.

    Starts an embedded PostgreSQL and Valkey, unless WORKGRAPH_DATABASE_URL and WORKGRAPH_REDIS_URL are set, applies
    the migrations and creates demo data. Refuses to run in production. Ctrl-C stops everything.
    """
    settings = dev_settings(load_settings())
    set_up_logs(settings)
    try:
        _run(settings, is_reset=reset)
    except UnreleasedDatabase:
        if has_own_servers(settings) or not _can_ask():
            raise
        print(UNRELEASED, file=sys.stderr)
        if not typer.confirm(f"Delete all data in {settings.data_dir} and start afresh?"):
            raise typer.Exit(1) from None
        _run(settings, is_reset=True)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _run(settings: Settings, *, is_reset: bool) -> None:
    demo = SeedOrder(owner_password=DEMO_PASSWORD, is_first_only=True)
    outcomes: list[SeedOutcome] = []

    async def prepare(ready: Settings) -> None:
        try:
            outcomes.append(await _seed(ready, demo))
        except Rejected as error:
            # WORKGRAPH_PASSWORD_CHARACTERS may require more characters than the demo password has.
            print(f"Demo data was not created: {' '.join(error_lines(error))}", file=sys.stderr)
            outcomes.append(SeedOutcome(is_new=False, has_owner=False))

    Supervisor(
        settings,
        [_program("API", serve_listener), _program("worker", work)],
        prepare=prepare,
        on_ready=lambda ready: _greet(ready, has_demo=outcomes[0].has_owner),
        is_reset=is_reset,
    ).run()


def _program(name: str, entry: Callable[..., Any]) -> Program:
    # The functions are imported above, not only named: a forked child then starts with all libraries loaded.
    return Program(name=name, entry=f"{entry.__module__}:{entry.__name__}")


async def _seed(settings: Settings, order: SeedOrder) -> SeedOutcome:
    async with open_app(settings) as app:
        return await app.seed.seed(Actor.system(cause=Cause.SEED), order)


def _greet(settings: Settings, *, has_demo: bool) -> None:
    print(f"\n  Workgraph is ready: {settings.issuer}/graphql")
    if has_demo:
        print(f"  Sign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}.")
    if settings.has_mailbox:
        print(f"  Mail is not sent. Read it at {settings.issuer}{MAILBOX_PATH}")
    print("  Press Ctrl-C to stop.\n", flush=True)
