"""Deletion of workspaces with everything in them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from domain.app import App
from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound
from domain.shared.uow import LeaseLost
from domain.workspaces.model import Workspace
from infra.accounts.repository import SqlPasswordRepository
from infra.audit.tables import SecurityEventRow
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.leases import SqlLeases
from infra.jobs.tables import JobRow
from infra.settings import Settings
from infra.uow import uow_of
from infra.workspaces.deletion import deletion_order
from tests.client import Client
from tests.factories.accounts import PASSWORD, PASSWORD_HASH
from tests.factories.moments import MADE
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.domain.jobs import AnnounceBook
from tests.sample.factories import BookFactory, TagFactory
from tests.sample.infra.tables import SampleBase
from tests.sample.world import Library, LibraryWorld
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
async def owner(world: LibraryWorld) -> Client:
    """The owner, who has a password."""
    client = world.owner
    async with world.engine.begin() as connection:
        await SqlPasswordRepository(connection).add(client.actor.signed_in_id, PASSWORD_HASH, now=MADE)
    return client


def given(place: Library, **changed: Any) -> dict[str, Any]:
    proof = {"confirmSlug": place.workspace.slug, "currentPassword": PASSWORD}
    return {"id": place.workspace.id, "cascade": True, **proof, **changed}


async def fill(world: LibraryWorld, place: Library) -> None:
    """Puts books, volumes and tags into the workspace, and the rows of the platform that changes of them leave."""
    volumes = [BookFactory(shelf=place.shelf, parent_id=place.book.id) for _ in range(7)]
    # The parent of the first ones has a larger ID than they have.
    late = BookFactory(shelf=place.shelf)
    volumes = [*volumes[:2], *(replace(volume, parent_id=late.id) for volume in volumes[2:])]
    await world.store(late, *volumes)
    await world.tagged(late, place.tag)
    client = replace(world.client(None), actor=Actor.system())
    long = {"id": late.id, "description": "long" * 1250}
    assert (await client.mutate("bookUpdate", long))["errors"] == []


async def counts(world: LibraryWorld, workspace_id: str) -> dict[str, int]:
    """Number of rows of the workspace in each table of workspace data."""
    found = {}
    async with world.engine.connect() as connection:
        for table in (*workspace_tables(), *workspace_tables(SampleBase.metadata)):
            here = select(func.count()).select_from(table).where(table.c.workspace_id == workspace_id)
            found[table.name] = int(await connection.scalar(here) or 0)
    return found


async def job_of(world: LibraryWorld) -> str:
    async with world.engine.connect() as connection:
        return str(await connection.scalar(select(JobRow.id).where(JobRow.kind == "workspaces.delete")))


async def work(world: LibraryWorld, leases: SqlLeases) -> None:
    assert await run_now(world.app, leases, await job_of(world), seconds=30)


def test_the_deletion_covers_the_tables_of_each_slice() -> None:
    referring, free = deletion_order(uow_of(ADAPTERS_OF_SAMPLE).tables)
    covered = {table.name for table in (*referring, *free)}
    assert covered >= {"member", "invitation", *SampleBase.metadata.tables}
    assert {table.name for table in free} >= {"event", "list_size", "workspace_revision"}


async def test_a_workspace_is_deleted_with_everything_in_it(
    world: LibraryWorld, owner: Client, leases: SqlLeases
) -> None:
    here, elsewhere = world.here, world.elsewhere
    for place in (here, elsewhere):
        await fill(world, place)
    before = await counts(world, here.workspace.id)
    assert {name for name, count in before.items() if count} >= {"book", "book_tag", "event_text", "list_size"}
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


async def test_a_hidden_workspace_is_not_found_by_those_who_still_act_for_it(
    world: LibraryWorld, owner: Client
) -> None:
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    asked = "query Workspace($slug: String!) { workspace(slug: $slug) { id } }"
    for client in (owner, world.member):
        assert (await client.run(asked, slug=world.here.workspace.slug))["workspace"] is None
    tag = {"workspaceId": world.here.workspace.id, "name": "late"}
    assert await world.member.refused("tagCreate", tag) == [("NotFoundError", "NOT_FOUND", "input.workspaceId")]
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
    world: LibraryWorld, owner: Client, changed: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert await owner.refused("workspaceDelete", given(world.here, **changed)) == [expected]
    assert await world.stored(Workspace, world.here.workspace.id) == world.here.workspace


async def test_only_owners_in_a_session_delete_a_workspace(world: LibraryWorld, owner: Client) -> None:
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


async def test_a_retry_names_the_workspace_again(world: LibraryWorld, owner: Client) -> None:
    wrong = given(world.here, currentPassword="wrong", idempotencyKey="once")
    assert [each[1] for each in await owner.refused("workspaceDelete", wrong)] == ["INVALID_CREDENTIALS"]
    right = given(world.here, idempotencyKey="twice")
    first, second = [await owner.mutate("workspaceDelete", right, DELETED) for _ in range(2)]
    assert first == second
    assert first["deletedWorkspaceId"] == world.here.workspace.id


async def test_owners_are_told_by_mail_and_in_the_security_log(world: LibraryWorld, owner: Client) -> None:
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


async def test_a_job_that_is_running_commits_no_more(world: LibraryWorld, owner: Client, leases: SqlLeases) -> None:
    async with world.engine.begin() as connection:
        for job_id in ("job_running", "job_waiting"):
            await connection.execute(insert(JobRow).values(**_waiting(world, job_id)))
    [lease] = await leases.acquire(most=1, job_id="job_running")
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    app: Any = world.app
    async with app.library._uow(Actor.system(lease.job)) as uow:
        with pytest.raises(LeaseLost):
            await uow.commit(None)
    assert await leases.acquire(most=1, job_id="job_waiting") == []


def _waiting(world: LibraryWorld, job_id: str) -> dict[str, Any]:
    counted = dict.fromkeys(("attempts", "failures", "lost_leases", "progress_done"), 0)
    moments = dict.fromkeys(("run_at", "created_at", "updated_at"), MADE)
    payload = {"book_id": world.here.book.id}
    named = {"id": job_id, "kind": AnnounceBook.kind, "payload": payload, "workspace_id": world.here.workspace.id}
    return named | counted | moments | {"state": "WAITING", "checkpoint": {}}


async def steps(app: App, actor: Actor, workspace_id: str, *, most: int) -> None:
    position: Any = {}
    for _ in range(most):
        position = await app.cascades._delete_some(actor, workspace_id, position)
        assert position is not None


async def test_an_interrupted_deletion_is_completed(world: LibraryWorld, owner: Client, leases: SqlLeases) -> None:
    await fill(world, world.here)
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


async def test_rows_that_a_late_write_adds_are_deleted_too(
    world: LibraryWorld, owner: Client, leases: SqlLeases
) -> None:
    await owner.mutate("workspaceDelete", given(world.here), DELETED)
    referring, _ = deletion_order(uow_of(ADAPTERS_OF_SAMPLE).tables)
    [lease] = await leases.acquire(most=1, job_id=await job_of(world))
    position: Any = {}
    while position.get("table") != len(referring):
        position = await world.app.cascades._delete_some(Actor.system(lease.job), world.here.workspace.id, position)
    await world.store(TagFactory(workspace=world.here.workspace))
    await leases.release([lease])
    await work(world, leases)
    assert not any((await counts(world, world.here.workspace.id)).values())
    assert await world.stored(Workspace, world.here.workspace.id) is None
