"""`workgraph schema` and `workgraph schema plan`."""

import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.schema import sdl
from cli.main import cli
from tests.tracker.api.test_statements import REFERENCE_LIST

TWO = "query A { viewer { id } }\n  query B { node(id: 1) { id ... on Issue { title } } }"
CONDITIONS = "query A($x: Boolean!, $y: Boolean = true) { viewer { id @skip(if: $x) name @include(if: $y) } }"


def run(*arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["schema", *arguments], input=text)


def plan(text: str | bytes, *arguments: str) -> Result:
    return run("plan", "-", *arguments, text=text)


def functions(printed: str) -> list[str]:
    return [each.name for each in ast.walk(ast.parse(printed)) if isinstance(each, ast.FunctionDef)]


def test_without_a_command_the_schema_is_printed_or_checked():
    assert run().output == sdl()
    assert (run("--check").exit_code, run("--check").output) == (0, "")


def test_a_plan_is_python_below_a_line_about_it(tmp_path: Path):
    file = tmp_path / "list.graphql"
    file.write_text(REFERENCE_LIST)
    result = run("plan", str(file))
    assert result.exit_code == 0
    header, _, source = result.stdout.partition("\n")
    assert re.fullmatch(r"# anonymous query: 39 fields, \d\d\.\d KB, compiled in \d+\.\d ms", header)
    assert {"select_1_Query", "select_3_IssueConnection"} <= set(functions(source))
    assert len(source) > 10_000


def test_each_operation_is_printed_with_all_types_that_it_could_meet():
    result = plan(TWO)
    assert result.exit_code == 0
    assert re.findall(r"(?m)^# (query \w+): (\d+) fields", result.stdout)[0] == ("query A", "2")
    names = " ".join(functions(result.stdout))
    assert all(name in names for name in ("_User", "_Issue", "_Project", "_Comment"))


def test_variables_decide_what_is_selected():
    result = plan(CONDITIONS, "--variables", '{"x": true}')
    assert result.exit_code == 0
    assert "# $x is True\n# $y is True\n" in result.stdout
    assert "data = {'name': name_}" in result.stdout
    result = plan(CONDITIONS, "--variables", '{"x": false, "y": false}')
    assert "data = {'id': id_}" in result.stdout


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("{ viewer {", (), r"<stdin>:1:11: Syntax Error: Expected Name, found <EOF>\."),
        ("{ viewer { no\n  never } }", (), r"<stdin>:1:12: Cannot query field 'no' .*\n<stdin>:2:3: .*'never'.*"),
        ("query B { __schema { queryType { name } } }", (), r"<stdin>:1:1: query B is not compiled: introspection"),
        (CONDITIONS, (), r"""<stdin>:1:1: Variable '\$x' .* Set it with --variables.*'\{"x":true,"y":true\}'\."""),
        (CONDITIONS, ("--variables", '{"x": 1}'), r"<stdin>:1:1: Variable '\$x' has invalid value: .*"),
        (CONDITIONS, ("--variables", "["), r"--variables: .*"),
        (CONDITIONS, ("--variables", "[]"), r"--variables: Expected a JSON object\."),
        (b"{ viewer { id } } #\xff", (), r"<stdin>: The file is not UTF-8 text\."),
        ("{" + "viewer{id}" * 21 + "}", (), r"<stdin>:1:1: An operation can have at most 20 root fields\."),
    ],
)
def test_an_operation_without_a_plan_is_reported_with_its_position(
    text: str | bytes, arguments: tuple[str, ...], told: str
):
    result = plan(text, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(told + "\n", result.stderr)


def test_an_operation_without_a_plan_does_not_hide_the_others():
    result = plan('query A { __type(name: "A") { name } } query B { viewer { id } }')
    assert (result.exit_code, result.stderr) == (1, "<stdin>:1:1: query A is not compiled: introspection\n")
    assert "# query B: 2 fields" in result.stdout


def test_the_errors_of_a_file_name_it(tmp_path: Path):
    file = tmp_path / "bad.graphql"
    file.write_text("{ nope }")
    result = run("plan", str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:1:3: Cannot query field 'nope' on type 'Query'.")
    assert run("plan", str(tmp_path / "none")).exit_code == 2
