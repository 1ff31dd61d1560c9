"""Every command, argument and option has a help text that can be understood alone."""

from collections.abc import Iterator
from typing import Annotated

import pytest
import typer

from tests.architecture.test_descriptions import Text, faults
from tests.cli.tree import below, commands

LEAST_WORDS = 3
COMMANDS = commands()
QUOTED = frozenset(COMMANDS)
"""Texts that may appear between backticks."""


def texts(name: str, command: typer.core.TyperCommand | typer.core.TyperGroup) -> Iterator[Text]:
    """Each paragraph of the command's help, and the help of each parameter."""
    for paragraph in (command.help or "").split("\n\n"):
        yield Text(name, " ".join(paragraph.split()), LEAST_WORDS)
    for parameter in command.params:
        yield Text(f"{name} {parameter.opts[0]}", getattr(parameter, "help", None) or "", LEAST_WORDS)


def found(name: str, command: typer.core.TyperCommand | typer.core.TyperGroup) -> list[str]:
    return [f"{each.place} {fault}: {each.text!r}" for each in texts(name, command) for fault in faults(each, QUOTED)]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_plain_english(name: str) -> None:
    assert found(name, COMMANDS[name]) == []


def test_all_commands_are_read() -> None:
    assert len(COMMANDS) > 25
    assert {"workgraph dev", "workgraph import jira", "workgraph schema plan"} <= COMMANDS.keys()
    assert sum(1 for name, command in COMMANDS.items() for _ in texts(name, command)) > 70


def test_a_planted_text_is_refused() -> None:
    sample = typer.Typer(add_completion=False, help="People.")

    @sample.command("add")
    def add(email: str, name: Annotated[str, typer.Option(help="How the person is shown.")]) -> None:
        """Register a person.

        Whoever has an address can do so with `workgraph nothing`.
        """

    @sample.command("list")
    def list_all() -> None: ...

    lines = [line for name, each in below(typer.main.get_command(sample), "x") for line in found(name, each)]
    for expected in (
        "x has fewer than 3 words: 'People.'",
        "x add starts with `Whoever`; start",
        "x add says `Whoever`",
        "x add names `workgraph nothing`",
        "x add email has fewer than 3 words",
        "x add --name starts with `How`",
        "x list has fewer than 3 words",
    ):
        assert any(line.startswith(expected) for line in lines), expected
