"""The table of commands: true to the modules, read without them, and complete in help and shell completion."""

import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli.main import Commands, cli
from tests.architecture.sources import ROOT
from tests.cli.tree import first_paragraph

ROOT_COMMAND = typer.main.get_command(cli)
HEAVY = ("strawberry", "fastapi", "sqlalchemy", "graphql", "arq", "infra.bootstrap", "infra.settings")
SHOW_MODULES = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
WITHOUT_IMPORTS = [["--help"], ["--version"], [], ["nonsense"]]


def loaded(name: str) -> typer.core.TyperCommand | typer.core.TyperGroup:
    assert isinstance(ROOT_COMMAND, Commands)
    return ROOT_COMMAND.loaded(name)


def in_one_line(text: str) -> str:
    """The text without frames and line breaks, with a space at both ends."""
    return f" {' '.join(re.sub('[│╭╮╰╯─]', ' ', text).split())} "


def completed(words: str) -> list[str]:
    """Completions that the Z shell offers for the last word."""
    variables = {"_WORKGRAPH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": words}
    result = CliRunner().invoke(cli, prog_name="workgraph", env=variables)
    assert result.exit_code == 0, result.output
    return re.findall(r'"([\w-]+)":', result.stdout)


@pytest.mark.parametrize("name", Commands.table)
def test_the_table_says_of_a_command_what_its_module_says(name: str) -> None:
    command = loaded(name)
    assert Commands.table[name].help == first_paragraph(command)
    assert Commands.table[name].module.startswith("cli.")
    assert not command.hidden
    assert not command.deprecated


def test_help_lists_every_command_with_its_help() -> None:
    text = in_one_line(CliRunner().invoke(cli, ["--help"]).output)
    assert [name for name, entry in Commands.table.items() if f" {name} {entry.help} " not in text] == []
    text = in_one_line(CliRunner().invoke(cli, ["user", "--help"]).output)
    commands = loaded("user").commands  # type: ignore[union-attr]
    assert len(commands) > 3
    assert [name for name, each in commands.items() if f" {name} {first_paragraph(each)} " not in text] == []
    text = in_one_line(CliRunner().invoke(cli, ["user", "create", "--help"]).output)
    assert in_one_line(commands["create"].help) in text


@pytest.mark.parametrize("arguments", WITHOUT_IMPORTS, ids=" ".join)
def test_help_and_version_import_no_command(arguments: list[str]) -> None:
    program = f"{SHOW_MODULES}sys.argv = {['workgraph', *arguments]}; import cli.main; cli.main.main()"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    modules = done.stderr.splitlines()[-1].split()
    assert "cli.main" in modules, done.stderr
    commands = {entry.module for entry in Commands.table.values()}
    assert [name for name in modules if name in HEAVY or name in commands] == []


def test_a_shell_completes_commands_and_their_options() -> None:
    assert completed("workgraph d") == ["dev", "doctor", "documents"]
    assert completed("workgraph user ") == ["create", "deactivate", "reactivate", "delete"]
    assert "--include-restricted" in completed("workgraph import jira --in")
    assert completed("workgraph nonsense ") == list(Commands.table)


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(cli, ["migrat"])
    assert result.exit_code == 2
    assert "Did you mean 'migrate'?" in in_one_line(result.stderr)
