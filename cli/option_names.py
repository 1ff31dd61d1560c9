"""Names of a command's fields on the command line."""

from collections.abc import Callable, Sequence
from typing import Any

from cli.errors import in_words
from cli.lazy import LazyGroup


def option_names(command: Any, words: Sequence[str]) -> Callable[[str], str]:
    """Maps a field's name to its option (`--name`) or argument (EMAIL) in the command that `words` select.

    `command` is the root command of Typer. A field without a parameter, such as a password from a prompt, is written
    in words.
    """
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.loaded(word) if isinstance(command, LazyGroup) else command.commands[word]
    shown = {each.name: _shown(each) for each in command.params}
    return lambda field: shown.get(field, in_words(field))


def _shown(parameter: Any) -> str:
    options = [each for each in parameter.opts if each.startswith("--")]
    return options[0] if options else str(parameter.metavar or parameter.name.upper())
