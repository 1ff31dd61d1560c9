"""`workgraph schema` and `workgraph schema plan`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import api
from api.schema import sdl
from cli.lazy import module_commands
from cli.plans import PlanRefused, printed_plans
from infra.operator_error import OperatorError

SCHEMA_FILE = Path(api.__file__).with_name("schema.graphql")

commands = module_commands(help="Print the GraphQL schema.", invoke_without_command=True)


@commands.callback()
def schema(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option(help="Compare the schema with api/schema.graphql instead of printing it.")
    ] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    printed = sdl()
    if not check:
        print(printed, end="")
    elif not SCHEMA_FILE.is_file() or SCHEMA_FILE.read_text() != printed:
        raise OperatorError(f"{SCHEMA_FILE.name} does not match the code. Run: make schema")


@commands.command("plan")
def print_plans(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="File with GraphQL operations; - for standard input.")],
    variables: Annotated[
        str, typer.Option(metavar="JSON", help="JSON object with the variables of @skip and @include.")
    ] = "{}",
) -> None:
    """Print the Python code that GraphQL operations are compiled to."""
    name = getattr(file, "name", "<stdin>")  # a replacement of the standard input may have no name
    try:
        for printed in printed_plans(file.read(), name=name, variables=variables):
            print(printed)
    except PlanRefused as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(1) from None
