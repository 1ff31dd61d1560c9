"""The command `workgraph`: the table of its commands, and what becomes of their errors."""

import sys
from typing import Annotated

import typer

from api.version import version_text
from cli.errors import error_lines
from cli.lazy import Entry, LazyGroup
from cli.option_names import option_names
from domain.shared.errors import DomainError, Rejected
from infra.operator_error import OperatorError
from infra.shared.disk import is_full


class Commands(LazyGroup):
    table = {
        "dev": Entry(
            "cli.dev",
            "Start everything for development: servers, migrations, API and worker, anew at each change of the code.",
        ),
        "serve": Entry("cli.serve", "Serve the API until SIGTERM."),
        "worker": Entry("cli.worker", "Run jobs until SIGTERM."),
        "migrate": Entry("cli.migrate", "Bring the database to this version of Workgraph."),
        "seed": Entry("cli.seed", "Make a workspace with demo data; one that exists stays as it is."),
        "doctor": Entry(
            "cli.doctor", "Look at versions, servers, migrations, secrets, folders and mail, and say what to do."
        ),
        "permissions": Entry(
            "cli.permissions", "Print which role may do what, and which scope an API key needs for it."
        ),
        "audit": Entry("cli.audit", "Print the newest lines of the security log, at most 1000."),
        "schema": Entry("cli.schema", "Print the GraphQL schema."),
        "keys": Entry("cli.keys", "Keys that sign access tokens."),
        "import": Entry("cli.imports", "Bring issues in from another tracker."),
        "user": Entry("cli.users", "People."),
        "documents": Entry("cli.documents", "GraphQL documents that clients may send by ID."),
    }


cli = typer.Typer(
    name="workgraph",
    cls=Commands,
    help="A self-hosted, GraphQL-first work tracker.",
    invoke_without_command=True,
    no_args_is_help=True,
)


@cli.callback()
def workgraph(
    is_version_wanted: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if is_version_wanted:
        print(f"workgraph {version_text()}")
        raise typer.Exit


def main() -> None:
    command = typer.main.get_command(cli)
    try:
        command()
    except (DomainError, Rejected, OperatorError) as error:
        _end(error_lines(error, option_names(command, sys.argv[1:])))
    except OSError as error:
        if not is_full(error):
            raise
        _end([f"{error.strerror}: {error.filename or 'a file'}"])


def _end(lines: list[str]) -> None:
    for line in lines:
        print(f"workgraph: {line}", file=sys.stderr)
    raise SystemExit(1) from None
