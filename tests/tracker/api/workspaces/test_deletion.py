"""Deletion of workspaces with the rows and files of all slices."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.labels.commands import LabelDraft
from domain.shared.actor import Actor, Role
from domain.transfers.identity_ports import ObjectKind
from domain.transfers.model import Upload
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace
from infra.accounts.repository import SqlPasswordRepository
from infra.audit.tables import DeletedObjectRow, EventTextRow
from infra.batches.tables import BatchRowsRow, BatchSkipRow
from infra.bootstrap import SLICES
from infra.db.base import Base
from infra.issues.tables import IssueAliasRow
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.leases import SqlLeases
from infra.jobs.tables import JobRow
from infra.projects.tables import ProjectNumberRow
from infra.seed.tables import SeedRunRow
from infra.settings import Settings
from infra.transfers.repository import SqlUploadRepository
from infra.transfers.tables import (
    ExternalIssueRow,
    ExternalObjectRow,
    ExternalSiteRow,
    ImportedCommentRow,
    ImportedIssueRow,
    ImportLossKindRow,
    ImportLossRow,
    ImportMappingRow,
    ImportParentRow,
    UploadRow,
)
from infra.uow import uow_of
from infra.workspaces.deletion import deletion_order
from tests.client import Client
from tests.factories.accounts import IDS, PASSWORD, PASSWORD_HASH
from tests.factories.batches import BatchRunFactory
from tests.factories.moments import MADE
from tests.tracker.api.world import Place, World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.storing import link
from tests.tracker.factories.transfers import ImportRunFactory
from tests.tracker.list_sizes import require_exact_counts
from tests.workspace_data import workspace_tables


@pytest.fixture(autouse=True)
def few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.workspaces.deletion.ROWS_AT_ONCE", 2)


@pytest.fixture
async def leases(settings: Settings) -> AsyncIterator[SqlLeases]:
    async with job_leases(settings) as leases:
        yield leases


@pytest.fixture
async def owner(world: World) -> Client:
    """The owner, who has a password."""
    client = world.owner
    async with world.engine.begin() as connection:
        await SqlPasswordRepository(connection).add(client.actor.signed_in_id, PASSWORD_HASH, now=MADE)
    return client


def given(place: Place) -> dict[str, Any]:
    proof = {"confirmSlug": place.workspace.slug, "currentPassword": PASSWORD}
    return {"id": place.workspace.id, "cascade": True, **proof}


def folder_of(world: World) -> Path:
    return world.app.cascades._files._folder  # type: ignore[attr-defined, no-any-return]  # of a DiskFileStore


def stored_file(folder: Path, owner_id: str) -> Upload:
    upload = Upload(id=IDS.new("fil"), owner_id=owner_id, name="export", size=1, digest="d", created_at=MADE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / upload.id).write_bytes(b"x")
    return upload


async def with_row(world: World, upload: Upload) -> Upload:
    async with world.engine.begin() as connection:
        await SqlUploadRepository(connection).add(upload)
    return upload


async def fill(world: World, place: Place, folder: Path) -> Upload:
    """Puts rows into every table of workspace data, and stores a file for an import."""
    draft = LabelDraft(name="new", color="#000000")
    await world.app.labels.create(Actor.system(), place.workspace.id, draft)
    of_project = {"project": place.project, "state": place.todo, "creator_id": place.issue.creator_id}
    children = [IssueFactory(**of_project, number=number, parent_id=place.issue.id) for number in range(2, 9)]
    # The parent of the first ones has a larger ID than they have.
    late = IssueFactory(**of_project, number=9)
    children = [*children[:2], *(replace(child, parent_id=late.id) for child in children[2:])]
    owner_id = place.people[Role.OWNER].id
    upload = await with_row(world, stored_file(folder, owner_id))
    run = ImportRunFactory(workspace=place.workspace, started_by_id=owner_id, upload_id=upload.id)
    batch_run = BatchRunFactory(workspace=place.workspace, started_by_id=owner_id)
    await world.store(late, *children, MilestoneFactory(project=place.project), run, batch_run)
    await link(world.engine, place.issue, assignees=[place.people[Role.MEMBER]], labels=[place.label])
    here = {"workspace_id": place.workspace.id}
    of_run, site = here | {"run_id": run.id}, here | {"site_id": "sit_x"}
    async with world.engine.begin() as connection:
        for row, values in (
            (ImportLossRow, of_run | {"code": LossCode.UNREADABLE}),
            (ImportMappingRow, of_run),
            *((ImportLossKindRow, of_run | {"field": each, "code": LossCode.UNREADABLE}) for each in "xyz"),
            (ImportedIssueRow, here | {"id": place.issue.id}),
            (IssueAliasRow, here | {"project_id": place.project.id, "issue_id": place.issue.id}),
            (ImportedCommentRow, here | {"id": place.comment.id}),
            (ImportParentRow, of_run | {"issue_id": place.issue.id}),
            (ExternalSiteRow, here | {"id": "sit_x"}),
            (ExternalObjectRow, site | {"kind": ObjectKind.PROJECT}),
            (ExternalIssueRow, site),
            (BatchRowsRow, here | {"run_id": batch_run.id}),
            (BatchSkipRow, here | {"run_id": batch_run.id, "errors": []}),
            (SeedRunRow, here),
            (EventTextRow, here),
            (DeletedObjectRow, here | {"fields": {}}),
        ):
            await connection.execute(insert(row).values(whole(row, values)))
        await _fill_further(connection, place)
    return upload


FILLING = {str: "x", int: 1, bool: False, datetime: MADE, dict: {}, list: []}


def whole(row: type[Base], values: dict[str, Any]) -> dict[str, Any]:
    """The values, and some value for each further column that needs one."""
    return {
        column.key: FILLING[column.type.python_type]
        for column in row.__table__.columns
        if column.key not in values and not column.nullable and column.server_default is None
    } | values


async def _fill_further(connection: AsyncConnection, place: Place) -> None:
    number = select(func.count()).select_from(ProjectNumberRow)
    if not await connection.scalar(number.where(ProjectNumberRow.workspace_id == place.workspace.id)):
        here = {"workspace_id": place.workspace.id, "project_id": place.project.id}
        await connection.execute(insert(ProjectNumberRow).values(**here, number=9))


async def counts(world: World, workspace_id: str) -> dict[str, int]:
    """Number of rows of the workspace in each table of workspace data."""
    async with world.engine.connect() as connection:
        return {table.name: await _count(connection, table, workspace_id) for table in workspace_tables()}


async def _count(connection: AsyncConnection, table: Table, workspace_id: str) -> int:
    here = select(func.count()).select_from(table).where(table.c.workspace_id == workspace_id)
    return int(await connection.scalar(here) or 0)


async def job_of(world: World) -> str:
    async with world.engine.connect() as connection:
        return str(await connection.scalar(select(JobRow.id).where(JobRow.kind == "workspaces.delete")))


async def work(world: World, leases: SqlLeases) -> None:
    assert await run_now(world.app, leases, await job_of(world), seconds=30)


def test_the_deletion_covers_every_table() -> None:
    referring, free = deletion_order(uow_of(SLICES).tables)
    assert {table.name for table in (*referring, *free)} == {table.name for table in workspace_tables()}
    assert {table.name for table in free} >= {"event", "list_size", "workspace_revision"}


async def test_a_workspace_is_deleted_with_everything_in_it(world: World, owner: Client, leases: SqlLeases) -> None:
    here, elsewhere = world.here, world.elsewhere
    upload = await fill(world, here, folder_of(world))
    other = await fill(world, elsewhere, folder_of(world))
    before = await counts(world, here.workspace.id)
    assert [name for name, count in before.items() if not count] == []
    kept = await counts(world, elsewhere.workspace.id)

    assert (await owner.mutate("workspaceDelete", given(here)))["errors"] == []
    await work(world, leases)
    assert {name: count for name, count in (await counts(world, here.workspace.id)).items() if count} == {}
    assert await world.stored(Workspace, here.workspace.id) is None
    assert await counts(world, elsewhere.workspace.id) == kept
    assert await require_exact_counts(world.engine) > 0
    assert not (folder_of(world) / upload.id).exists()
    assert (folder_of(world) / other.id).exists()
    async with world.engine.connect() as connection:
        assert list(await connection.scalars(select(UploadRow.id))) == [other.id]
