"""All commands of `workgraph`, imported from their modules."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.lazy import LazyGroup
from cli.main import cli


def commands() -> dict[str, Any]:
    """Every command and group by its full name, the root command first."""
    return dict(below(typer.main.get_command(cli), "workgraph"))


def below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and its subcommands, by their full names."""
    yield name, command
    for part, each in getattr(command, "commands", {}).items():
        yield from below(command.loaded(part) if isinstance(command, LazyGroup) else each, f"{name} {part}")


def first_paragraph(command: TyperCommand | TyperGroup) -> str:
    """The help of the command in a list of commands."""
    return " ".join((command.help or "").split("\n\n")[0].split())
