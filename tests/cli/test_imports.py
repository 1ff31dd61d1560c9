"""The options of `workgraph import`."""

import io

import pytest
import typer
from typer.testing import CliRunner

from cli.imports import ImportOrder, confirm_restricted, import_commands

COMMON = ("export.jsonl", "--workspace", "acme")


def run(*arguments: str) -> tuple[int, str, list[ImportOrder]]:
    orders: list[ImportOrder] = []
    result = CliRunner().invoke(import_commands(orders.append), arguments)
    return result.exit_code, result.output, orders


def test_restricted_content_is_left_out_by_default() -> None:
    for source in ("jira", "github"):
        status, _, [order] = run(source, *COMMON)
        assert (status, order.include_restricted) == (0, False)


def test_restricted_content_takes_a_yes_where_nobody_can_be_asked() -> None:
    status, output, orders = run("jira", *COMMON, "--include-restricted")
    assert (status, orders) == (1, [])
    assert "Confirm it with --yes." in output

    status, _, [order] = run("jira", *COMMON, "--include-restricted", "--yes")
    assert (status, order.include_restricted) == (0, True)


def test_a_yes_alone_includes_nothing() -> None:
    _, _, [order] = run("jira", *COMMON, "--yes")
    assert not order.include_restricted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    confirm_restricted("acme")
    assert "readable for everyone who sees their project in acme" in capsys.readouterr().err

    for answer in ("n\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        with pytest.raises(typer.Abort):
            confirm_restricted("acme")
