"""`workgraph audit`: the security log as an operator reads it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.application import with_app
from domain.shared.actor import Actor
from domain.shared.security import SecurityEvent

commands = typer.Typer(add_completion=False)

LogEmail = Annotated[str | None, typer.Option("--user", help="Only what is about the person with this address.")]
LogSince = Annotated[
    datetime | None,
    typer.Option(help="Not before this time, as in 2026-01-31T09:00+01:00; in UTC if it names no offset."),
]


@commands.command()
def audit(email: LogEmail = None, since: LogSince = None) -> None:
    """Print the newest lines of the security log, at most 1000."""
    start = since if since is None or since.tzinfo is not None else since.replace(tzinfo=UTC)
    for line in with_app(lambda app: app.security_log.lines(Actor.system(), email=email, since=start)):
        print(printed_line(line))


def printed_line(line: SecurityEvent) -> str:
    """When, what, about whom and what, from where."""
    about = " ".join(part for part in (line.user_id, line.subject_id, line.workspace_id) if part)
    place = f"{line.address or '-'}  {line.device or '-'}"
    return f"{line.occurred_at:%Y-%m-%dT%H:%M:%SZ}  {line.kind}  {about or '-'}  {place}"
