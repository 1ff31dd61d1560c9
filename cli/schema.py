"""`workgraph schema` and `workgraph schema plan`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import api
from api.schema import sdl
from cli.plans import PlanRefused, printed_plans
from infra.operator_error import OperatorError

SCHEMA_FILE = Path(api.__file__).with_name("schema.graphql")

commands = typer.Typer(add_completion=False, help="Print the GraphQL schema.", invoke_without_command=True)


@commands.callback()
def schema(
    context: typer.Context,
    check: Annotated[bool, typer.Option(help="Compare with the committed file instead of printing.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    printed = sdl()
    if not check:
        print(printed, end="")
    elif not SCHEMA_FILE.is_file() or SCHEMA_FILE.read_text() != printed:
        raise OperatorError(f"{SCHEMA_FILE.name} is not what the code says. Run: make schema")


@commands.command("plan")
def print_plans(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="GraphQL operations; - reads the input.")],
    variables: Annotated[str, typer.Option(metavar="JSON", help="Values of those in @skip and @include.")] = "{}",
) -> None:
    """Print the Python code that operations are compiled to."""
    name = getattr(file, "name", "<stdin>")  # what stands in for the standard input may have none
    try:
        for printed in printed_plans(file.read(), name=name, variables=variables):
            print(printed)
    except PlanRefused as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(1) from None
