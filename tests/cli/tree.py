"""All commands of `workgraph`, imported from their modules."""

from collections.abc import Iterator
from typing import Any

import typer

from cli.lazy import LazyGroup
from cli.main import cli


def commands() -> dict[str, Any]:
    """Every command and group by its full name, the root command first."""
    return dict(_below(typer.main.get_command(cli), "workgraph"))


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, each in getattr(command, "commands", {}).items():
        yield from _below(command.loaded(part) if isinstance(command, LazyGroup) else each, f"{name} {part}")
