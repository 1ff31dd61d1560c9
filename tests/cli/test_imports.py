"""The options of `workgraph import`."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import imports
from cli.import_run import ImportOrder
from domain.transfers.model import ImportFormat

COMMON = ("export.jsonl", "--workspace", "acme")
Run = Callable[..., tuple[int, str, list[ImportOrder]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `workgraph import` and returns the exit code, the output and the orders that it would carry out."""

    def invoke(*arguments: str) -> tuple[int, str, list[ImportOrder]]:
        orders: list[ImportOrder] = []
        monkeypatch.setattr(imports, "run_import", orders.append)
        result = CliRunner().invoke(imports.commands, arguments)
        return result.exit_code, result.output, orders

    return invoke


@pytest.mark.parametrize("format", ImportFormat)
def test_each_option_is_a_field_of_the_order(run: Run, format: ImportFormat) -> None:
    given = ("--project", "ENG", "--site", "example.org", "--as", "ann@example.org", "--report", "report.json")
    assert run(format.value.lower(), *COMMON, *given) == (
        0,
        "",
        [
            ImportOrder(
                format=format,
                file=Path("export.jsonl"),
                slug="acme",
                project_key="ENG",
                site="example.org",
                email="ann@example.org",
                report=Path("report.json"),
            )
        ],
    )


def test_restricted_content_is_left_out_by_default(run: Run) -> None:
    for source in ("jira", "github"):
        status, _, [order] = run(source, *COMMON)
        assert (status, order.include_restricted) == (0, False)


def test_restricted_content_requires_yes_without_a_terminal(run: Run) -> None:
    status, output, orders = run("jira", *COMMON, "--include-restricted")
    assert (status, orders) == (1, [])
    assert "--yes" in output

    status, _, [order] = run("jira", *COMMON, "--include-restricted", "--yes")
    assert (status, order.include_restricted) == (0, True)


def test_a_yes_alone_includes_nothing(run: Run) -> None:
    _, _, [order] = run("jira", *COMMON, "--yes")
    assert not order.include_restricted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    imports.confirm_restricted("acme")
    assert "project in acme" in capsys.readouterr().err

    for answer in ("n\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        with pytest.raises(typer.Abort):
            imports.confirm_restricted("acme")
