"""`workgraph audit`: entries of the security log, one a line."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.application import with_app
from cli.lazy import module_commands
from domain.shared.actor import Actor
from domain.shared.security import SecurityEvent

commands = module_commands()

LogEmail = Annotated[
    str | None, typer.Option("--user", help="Email address of a user. Default: entries about all users.")
]
LogSince = Annotated[
    datetime | None,
    typer.Option(help="Time of the first entry, such as 2026-01-31T09:00+01:00; UTC if without an offset."),
]


@commands.command()
def audit(email: LogEmail = None, since: LogSince = None) -> None:
    """Print the newest entries of the security log, oldest first, at most 1,000."""
    start = since if since is None or since.tzinfo is not None else since.replace(tzinfo=UTC)
    for line in with_app(lambda app: app.security_log.lines(Actor.system(), email=email, since=start)):
        print(printed_line(line))


def printed_line(line: SecurityEvent) -> str:
    """Time, kind, ids, address and device of an entry, separated by two spaces."""
    about = " ".join(part for part in (line.user_id, line.subject_id, line.workspace_id) if part)
    place = f"{line.address or '-'}  {line.device or '-'}"
    return f"{line.occurred_at:%Y-%m-%dT%H:%M:%SZ}  {line.kind}  {about or '-'}  {place}"
