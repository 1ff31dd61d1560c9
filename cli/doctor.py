"""`workgraph doctor`: checks of the installation."""

import asyncio
from typing import Annotated

import typer

from cli.lazy import module_commands
from infra.dev.doctor import examine
from infra.dev.servers import servers_at_hand
from infra.settings import Settings, load_settings

commands = module_commands()


@commands.command()
def doctor(
    mail: Annotated[bool, typer.Option(help="Check the mail server too, and sign in to it.")] = True,
) -> None:
    """Check versions, servers, migrations, secrets, folders and mail, and advise on each problem.

    The exit code is 1 if a check fails. Warnings do not count.
    """
    with servers_at_hand(load_settings()) as ready:
        is_well = asyncio.run(_examine(ready, has_mail=mail))
    if not is_well:
        raise typer.Exit(1)


async def _examine(settings: Settings, *, has_mail: bool) -> bool:
    is_well = True
    async for finding in examine(settings, has_mail=has_mail):
        mark = "FAIL" if finding.is_ill else "WARN" if finding.advice else "OK  "
        print(f"{mark}  {finding.subject}: {finding.detail}" + (f". {finding.advice}" if finding.advice else ""))
        is_well = is_well and not finding.is_ill
    return is_well
