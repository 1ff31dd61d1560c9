"""What the command line calls the fields of a command."""

from collections.abc import Callable, Sequence
from typing import Any


def option_names(command: Any, words: Sequence[str]) -> Callable[[str], str]:
    """For a field's name the option (`--name`) or argument (EMAIL) that gives it, in the command that `words` call.

    `command` is Typer's, with its commands under it. A field that no parameter is named after is told in words, as what
    is asked for on the terminal is.
    """
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    shown = {each.name: _shown(each) for each in command.params}
    return lambda field: shown.get(field, field.replace("_", " "))


def _shown(parameter: Any) -> str:
    options = [each for each in parameter.opts if each.startswith("--")]
    return options[0] if options else str(parameter.metavar or parameter.name.upper())
