"""Command group that imports the module of a command when the command is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


def module_commands(**settings: Any) -> typer.Typer:
    """The commands of one module. Their help is Markdown, so that paragraphs wrap at the width of the terminal."""
    return typer.Typer(add_completion=False, rich_markup_mode="markdown", **settings)


@dataclass(frozen=True, slots=True)
class Entry:
    """A module with a Typer application called `commands`, and the first paragraph of its help."""

    module: str
    help: str


class LazyGroup(TyperGroup):
    """Lists its commands from a table, and imports a command when it is called.

    Help and shell completion read the table, because importing all commands takes 2 seconds.
    """

    table: ClassVar[Mapping[str, Entry]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in self.table.items():
            self.add_command(TyperCommand(name, help=entry.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, self.loaded(name) if name else None, rest

    def loaded(self, name: str) -> TyperCommand | TyperGroup:
        """The command of this name, from its module."""
        command = typer.main.get_command(import_module(self.table[name].module).commands)
        assert isinstance(command, TyperCommand | TyperGroup)
        command.name = name
        return command
