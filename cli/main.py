"""The command `workgraph`: the table of its commands, and the output of their errors."""

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
            "Start all servers for development, and restart the API and the worker when the code changes.",
        ),
        "serve": Entry("cli.serve", "Start the API server."),
        "worker": Entry("cli.worker", "Start a worker that runs background jobs."),
        "migrate": Entry("cli.migrate", "Apply migrations to the database."),
        "seed": Entry("cli.seed", "Create a workspace with demo data."),
        "doctor": Entry(
            "cli.doctor", "Check versions, servers, migrations, secrets, folders and mail, and advise on each problem."
        ),
        "permissions": Entry(
            "cli.permissions",
            "Print the permissions of each role, and the API key scope that each permission requires.",
        ),
        "audit": Entry("cli.audit", "Print the newest entries of the security log, oldest first, at most 1,000."),
        "schema": Entry("cli.schema", "Print the GraphQL schema."),
        "keys": Entry("cli.keys", "Manage the keys that sign access tokens."),
        "import": Entry("cli.imports", "Import issues from another tracker."),
        "user": Entry("cli.users", "Manage user accounts."),
        "workspace": Entry("cli.workspaces", "Manage the workspaces of this server."),
        "documents": Entry("cli.documents", "Manage trusted GraphQL documents, which clients send by ID."),
    }


cli = typer.Typer(
    name="workgraph",
    cls=Commands,
    help="Run and operate Workgraph, a self-hosted, GraphQL-first work tracker.",
    invoke_without_command=True,
    no_args_is_help=True,
    rich_markup_mode="markdown",
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
        _end([f"Cannot write {error.filename or 'a file'}: {error.strerror}"])


def _end(lines: list[str]) -> None:
    for line in lines:
        print(f"workgraph: {line}", file=sys.stderr)
    raise SystemExit(1) from None
