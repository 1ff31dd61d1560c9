"""`workgraph doctor`."""

import asyncio
from typing import Annotated

import typer

from infra.dev.doctor import examine
from infra.dev.servers import servers_at_hand
from infra.settings import Settings, load_settings

commands = typer.Typer(add_completion=False)


@commands.command()
def doctor(
    mail: Annotated[bool, typer.Option(help="Also sign in at the mail server.")] = True,
) -> None:
    """Look at versions, servers, migrations, secrets, folders and mail, and say what to do."""
    with servers_at_hand(load_settings()) as ready:
        is_well = asyncio.run(_examine(ready, has_mail=mail))
    if not is_well:
        raise typer.Exit(1)


async def _examine(settings: Settings, *, has_mail: bool) -> bool:
    is_well = True
    async for finding in examine(settings, has_mail=has_mail):
        mark = "FAIL" if finding.is_ill else "note" if finding.advice else "ok  "
        print(f"{mark}  {finding.subject}: {finding.detail}" + (f". {finding.advice}" if finding.advice else ""))
        is_well = is_well and not finding.is_ill
    return is_well
