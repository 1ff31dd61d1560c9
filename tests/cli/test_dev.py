from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import dev as module
from infra.db.migrate import UNRELEASED, UnreleasedDatabase
from infra.settings import Settings

SERVERS = {"WORKGRAPH_DATABASE_URL": "postgresql://localhost/x", "WORKGRAPH_REDIS_URL": "redis://localhost"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Whether each start of the development servers was a reset; a start without one finds an unreleased database."""
    runs: list[bool] = []

    def run(settings: Settings, *, is_reset: bool) -> None:
        runs.append(is_reset)
        if not is_reset:
            raise UnreleasedDatabase(UNRELEASED)

    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKGRAPH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(module, "_run", run)
    monkeypatch.setattr(module, "_can_ask", lambda: True)
    return runs


def dev(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(module.commands, list(arguments), input=answer)


def test_an_unreleased_database_is_reset_after_a_yes(runs: list[bool]) -> None:
    result = dev(answer="y\n")
    assert (result.exit_code, runs) == (0, [False, True])
    assert UNRELEASED in result.stderr
    assert "start afresh?" in result.stdout


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_an_unreleased_database_is_left_alone_without_a_yes(runs: list[bool], answer: str) -> None:
    assert (dev(answer=answer).exit_code, runs) == (1, [False])


def test_nobody_is_asked_without_a_terminal(runs: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_can_ask", lambda: False)
    assert isinstance(dev(answer="y\n").exception, UnreleasedDatabase)
    assert runs == [False]


def test_servers_of_the_user_are_never_reset(runs: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, url in SERVERS.items():
        monkeypatch.setenv(name, url)
    assert isinstance(dev(answer="y\n").exception, UnreleasedDatabase)
    assert runs == [False]


def test_reset_is_refused_for_servers_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, url in SERVERS.items():
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("WORKGRAPH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WORKGRAPH_PORT", "0")
    result = dev("--reset")
    assert "Create an empty database instead." in str(result.exception)
