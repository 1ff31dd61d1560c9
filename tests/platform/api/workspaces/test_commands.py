"""`workgraph workspace`, run as an operator runs it."""

from collections.abc import AsyncIterator

import pytest
import typer
from typer.testing import CliRunner

from cli.main import cli
from cli.workspaces import begin, complete, confirm
from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.workspaces.model import Workspace
from infra.jobs.in_process import job_leases
from infra.jobs.leases import SqlLeases
from infra.settings import Settings
from tests.sample.world import LibraryWorld


@pytest.fixture
async def leases(settings: Settings) -> AsyncIterator[SqlLeases]:
    async with job_leases(settings) as leases:
        yield leases


async def test_a_workspace_is_deleted_with_everything_in_it(
    world: LibraryWorld, leases: SqlLeases, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = world.here.workspace
    job_id = await begin(world.app, workspace.slug)
    assert await world.app.read.workspaces.by_slug(Actor.system(), workspace.slug) is None
    await complete(world.app, leases, job_id, seconds=30)
    assert await world.stored(Workspace, workspace.id) is None
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == f"Deleted workspace {workspace.slug} ({workspace.id})."
    assert last.startswith("Deleted its content: ")
    with pytest.raises(NotFound, match=f"Workspace {workspace.slug} does not exist"):
        await begin(world.app, workspace.slug)


def test_without_a_terminal_the_deletion_needs_a_flag() -> None:
    done = CliRunner().invoke(cli, ["workspace", "delete", "acme"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "The workspace acme and everything in it will be deleted." in done.stderr
    assert "--yes" in done.stderr


@pytest.mark.parametrize(("typed", "is_refused"), [("acme", False), ("Acme", True)])
def test_the_slug_is_typed_to_confirm(monkeypatch: pytest.MonkeyPatch, typed: str, is_refused: bool) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed)
    if is_refused:
        with pytest.raises(typer.Exit):
            confirm("acme")
    else:
        confirm("acme")
