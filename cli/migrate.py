"""`workgraph migrate`: migrations of the database."""

import asyncio
from typing import Annotated

import typer

from cli.application import set_up_logs
from cli.lazy import module_commands
from infra.db import migrate as migrations
from infra.dev.servers import scratch_database, servers_at_hand
from infra.operator_error import OperatorError
from infra.settings import Settings, load_settings

commands = module_commands()


@commands.command()
def migrate(
    check: Annotated[
        bool, typer.Option(help="Check whether the migrations produce the tables of the code, in a temporary database.")
    ] = False,
    new: Annotated[
        str | None,
        typer.Option(metavar="MESSAGE", help="Write the missing migration to a new file with this message."),
    ] = None,
) -> None:
    """Apply migrations to the database.

    Several processes may do so at the same time. A migration that fails is rolled back; one that builds indexes is
    repeated by the next call.
    """
    settings = load_settings()
    set_up_logs(settings)
    if new is not None:
        _write(new)
    elif check:
        _check()
    else:
        _upgrade(settings)


def _write(message: str) -> None:
    with scratch_database() as url:
        known = migrations.script_paths()
        asyncio.run(migrations.add_revision(url, message=message))
    written = [path for path in migrations.script_paths() if path not in known]
    for path in written:
        print(f"Wrote {path}.")
    if not written:
        print("No migration is missing.")


def _check() -> None:
    with scratch_database() as url:
        differences = asyncio.run(_drift(url))
    for difference in differences:
        print(difference)
    if differences:
        raise OperatorError(
            "The migrations do not produce the tables of the code. Run: make migration m='what changes'"
        )


def _upgrade(settings: Settings) -> None:
    if settings.database_url.get_secret_value() or settings.is_production:
        asyncio.run(migrations.upgrade(settings.require("database_url").migration_url))
    else:
        with servers_at_hand(settings) as ready:
            asyncio.run(migrations.upgrade(ready.migration_url))


async def _drift(url: str) -> tuple[str, ...]:
    await migrations.upgrade(url)
    return await migrations.drift(url)
