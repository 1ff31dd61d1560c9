"""Deletion of workspaces with everything in them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.app import App
from domain.labels.commands import LabelDraft
from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound
from domain.shared.uow import LeaseLost
from domain.transfers.identity_ports import ObjectKind
from domain.transfers.model import ImportState, Upload
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace
from infra.accounts.repository import SqlPasswordRepository
from infra.audit.tables import DeletedObjectRow, EventTextRow, SecurityEventRow
from infra.batches.tables import BatchRowsRow, BatchSkipRow
from infra.bootstrap import SLICES
from infra.db.base import Base
from infra.issues.tables import IssueAliasRow
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.leases import SqlLeases
from infra.jobs.tables import JobRow
from infra.labels.tables import LabelRow
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

DELETED = "deletedWorkspaceId"


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


def given(place: Place, **changed: Any) -> dict[str, Any]:
    proof = {"confirmSlug": place.workspace.slug, "currentPassword": PASSWORD}
    return {"id": place.workspace.id, "cascade": True, **proof, **changed}


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

    payload = await owner.mutate("workspaceDelete", given(here), DELETED)
    assert (payload["deletedWorkspaceId"], payload["errors"]) == (here.workspace.id, [])
    assert payload["revision"] == 2
    assert await world.app.read.workspaces.by_slug(Actor.system(), here.workspace.slug) is None
    assert (await counts(world, here.workspace.id))["member"] == 0
    again = {"slug": here.workspace.slug, "name": "Again"}
    assert (await owner.mutate("workspaceCreate", again, "workspace { slug }"))["errors"] == []

    await work(world, leases)
    assert {name: count for name, count in (await counts(world, here.workspace.id)).items() if count} == {}
    assert await world.stored(Workspace, here.workspace.id) is None
    assert await counts(world, elsewhere.workspace.id) == kept
    assert await require_exact_counts(world.engine) > 0
    assert not (folder_of(world) / upload.id).exists()
    assert (folder_of(world) / other.id).exists()
    async with world.engine.connect() as connection:
        assert list(await connection.scalars(select(UploadRow.id))) == [other.id]


async def test_a_hidden_workspace_is_not_found_by_those_who_still_act_for_it(world: World, owner: Client) -> None:
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    asked = "query Workspace($slug: String!) { workspace(slug: $slug) { id } }"
    for client in (owner, world.member):
        assert (await client.run(asked, slug=world.here.workspace.slug))["workspace"] is None
    label = {"workspaceId": world.here.workspace.id, "name": "late", "color": "#000000"}
    assert await world.member.refused("labelCreate", label) == [("NotFoundError", "NOT_FOUND", "input.workspaceId")]
    assert await owner.refused("workspaceDelete", given(world.here)) == [("NotFoundError", "NOT_FOUND", "input.id")]
    with pytest.raises(NotFound):
        await world.app.workspaces.delete(Actor.system(), world.here.workspace.id)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"confirmSlug": "other"}, ("ValidationError", "INVALID_INPUT", "input.confirmSlug")),
        ({"confirmSlug": None}, ("ValidationError", "REQUIRED", "input.confirmSlug")),
        ({"currentPassword": None}, ("ValidationError", "REQUIRED", "input.currentPassword")),
        ({"currentPassword": "wrong"}, ("PermissionError", "INVALID_CREDENTIALS", "input.currentPassword")),
        ({"cascade": False}, ("ConflictError", "IN_USE", "input.id")),
    ],
)
async def test_a_deletion_without_proof_is_refused(
    world: World, owner: Client, changed: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert await owner.refused("workspaceDelete", given(world.here, **changed)) == [expected]
    assert await world.stored(Workspace, world.here.workspace.id) == world.here.workspace


async def test_only_owners_in_a_session_delete_a_workspace(world: World, owner: Client) -> None:
    for role in (Role.ADMIN, Role.MEMBER, Role.GUEST):
        [refusal] = await replace(owner, actor=replace(owner.actor, roles={world.here.workspace.id: role})).refused(
            "workspaceDelete", given(world.here)
        )
        assert refusal[:2] == ("PermissionError", "PERMISSION_DENIED")
    elsewhere = replace(owner, actor=replace(owner.actor, roles={}))
    assert await elsewhere.refused("workspaceDelete", given(world.here)) == [("NotFoundError", "NOT_FOUND", "input.id")]
    by_key = replace(owner, actor=replace(owner.actor, session_id=None))
    [refusal] = await by_key.refused("workspaceDelete", given(world.here))
    assert refusal[:2] == ("PermissionError", "PERMISSION_DENIED")


async def test_a_retry_names_the_workspace_again(world: World, owner: Client) -> None:
    wrong = given(world.here, currentPassword="wrong", idempotencyKey="once")
    assert [each[1] for each in await owner.refused("workspaceDelete", wrong)] == ["INVALID_CREDENTIALS"]
    right = given(world.here, idempotencyKey="twice")
    first, second = [await owner.mutate("workspaceDelete", right, DELETED) for _ in range(2)]
    assert first == second
    assert first["deletedWorkspaceId"] == world.here.workspace.id


async def test_owners_are_told_by_mail_and_in_the_security_log(world: World, owner: Client) -> None:
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    async with world.engine.connect() as connection:
        noted = select(SecurityEventRow.kind, SecurityEventRow.user_id, SecurityEventRow.workspace_id)
        assert [tuple(row) for row in await connection.execute(noted)] == [
            ("WORKSPACE_DELETED", owner.actor.user_id, world.here.workspace.id)
        ]
        jobs = select(JobRow.payload).where(JobRow.kind == "workspaces.send_workspace_deletion")
        assert list(await connection.scalars(jobs)) == [
            {"user_id": owner.actor.user_id, "name": world.here.workspace.name}
        ]


async def test_a_job_that_is_running_commits_no_more(world: World, owner: Client, leases: SqlLeases) -> None:
    run = ImportRunFactory(
        workspace=world.here.workspace, started_by_id=owner.actor.signed_in_id, state=ImportState.RUNNING
    )
    await world.store(run)
    async with world.engine.begin() as connection:
        await connection.execute(insert(JobRow).values(**_waiting(world, "transfers.run_import", {"run_id": run.id})))
        await connection.execute(
            insert(JobRow).values(
                **_waiting(world, "batches.run", {"run_id": "bat_x"}),
            )
        )
    [lease] = await leases.acquire(most=1, job_id="job_transfers.run_import")
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    async with world.app.labels._uow(Actor.system(lease.job)) as uow:
        with pytest.raises(LeaseLost):
            await uow.commit(None)
    assert await leases.acquire(most=1, job_id="job_batches.run") == []


def _waiting(world: World, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    counted = dict.fromkeys(("attempts", "failures", "lost_leases", "progress_done"), 0)
    moments = dict.fromkeys(("run_at", "created_at", "updated_at"), MADE)
    named = {"id": f"job_{kind}", "kind": kind, "payload": payload, "workspace_id": world.here.workspace.id}
    return named | counted | moments | {"state": "WAITING", "checkpoint": {}}


async def steps(app: App, actor: Actor, workspace_id: str, *, most: int) -> None:
    position: Any = {}
    for _ in range(most):
        position = await app.cascades._delete_some(actor, workspace_id, position)
        assert position is not None


async def test_an_interrupted_deletion_is_completed(world: World, owner: Client, leases: SqlLeases) -> None:
    await fill(world, world.here, folder_of(world))
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    [lease] = await leases.acquire(most=1, job_id=await job_of(world))
    await steps(world.app, Actor.system(lease.job), world.here.workspace.id, most=7)
    left = await counts(world, world.here.workspace.id)
    await leases.release([lease])
    [again] = await leases.acquire(most=1, job_id=await job_of(world))
    assert again.job.checkpoint["done"] > 0
    await leases.release([again])
    await work(world, leases)
    assert any(left.values())
    assert not any((await counts(world, world.here.workspace.id)).values())


async def test_rows_that_a_late_write_adds_are_deleted_too(world: World, owner: Client, leases: SqlLeases) -> None:
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    referring, _ = deletion_order(uow_of(SLICES).tables)
    [lease] = await leases.acquire(most=1, job_id=await job_of(world))
    position: Any = {}
    while position.get("table") != len(referring):
        position = await world.app.cascades._delete_some(Actor.system(lease.job), world.here.workspace.id, position)
    late = whole(LabelRow, {"workspace_id": world.here.workspace.id})
    async with world.engine.begin() as connection:
        await connection.execute(insert(LabelRow).values(late))
    await leases.release([lease])
    await work(world, leases)
    assert not any((await counts(world, world.here.workspace.id)).values())
    assert await world.stored(Workspace, world.here.workspace.id) is None
