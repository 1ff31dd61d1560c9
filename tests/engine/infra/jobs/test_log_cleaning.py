from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.shared.actor import Cause
from domain.workspaces.model import Workspace
from infra.audit.tables import EventRow, EventTextRow
from infra.jobs import log_cleaning
from infra.jobs.log_cleaning import change_log_cleaning
from infra.workspaces.tables import RevisionRow
from tests.factories.workspaces import WorkspaceFactory
from tests.stored_entities import store

KEPT = timedelta(days=10)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_cleaning, "EVENTS_AT_ONCE", 3)


async def log_events(connection: AsyncConnection, workspace_id: str, ages: Sequence[int]) -> None:
    """Stores one event per age, in days."""
    await connection.execute(insert(RevisionRow).values(workspace_id=workspace_id, revision=len(ages)))
    for revision, age in enumerate(ages, 1):
        event = {"type": "book.created", "subject_id": "bok_1", "cause": Cause.USER, "changes": {}}
        moment = func.now() - timedelta(days=age)
        await connection.execute(
            insert(EventRow).values(
                workspace_id=workspace_id, revision=revision, change_set=revision, occurred_at=moment, **event
            )
        )


async def stored_logs(connection: AsyncConnection) -> dict[str, tuple[int, list[int]]]:
    """The first revision by the counter, and the revisions of the stored events, by workspace."""
    counters = (await connection.execute(select(RevisionRow.workspace_id, RevisionRow.first_revision))).all()
    logs: dict[str, tuple[int, list[int]]] = {workspace_id: (first, []) for workspace_id, first in counters}
    events = select(EventRow.workspace_id, EventRow.revision).order_by(EventRow.revision)
    for workspace_id, revision in await connection.execute(events):
        logs[workspace_id][1].append(revision)
    return logs


async def clean(connection: AsyncConnection, kept: timedelta | None) -> int:
    """Cleans up in steps, and returns their number."""
    step, steps = change_log_cleaning(kept), 1
    while await step(connection):
        steps += 1
    return steps


async def test_old_events_are_deleted_in_batches_up_to_the_first_that_stays(engine: AsyncEngine) -> None:
    busy, idle, young, empty = workspaces = [WorkspaceFactory() for _ in range(4)]
    await store(engine, *workspaces)
    async with engine.begin() as connection:
        # Event 8 is old by its clock, but follows one that stays.
        await log_events(connection, busy.id, [30, 29, 28, 27, 26, 25, 9, 11, 1])
        await log_events(connection, idle.id, [12, 11])
        await log_events(connection, young.id, [9, 8])
        await log_events(connection, empty.id, [])

        steps = await clean(connection, KEPT)

        assert await stored_logs(connection) == {
            busy.id: (7, [7, 8, 9]),
            idle.id: (3, []),
            young.id: (1, [1, 2]),
            empty.id: (1, []),
        }
        assert steps == 4, "two batches, one, and a look that finds nothing"
        await connection.execute(update(EventRow).values(occurred_at=func.now() - timedelta(days=20)))
        await clean(connection, KEPT)
        assert await stored_logs(connection) == {
            busy.id: (10, []),
            idle.id: (3, []),
            young.id: (3, []),
            empty.id: (1, []),
        }


async def test_without_a_retention_only_logs_of_deleted_workspaces_are_deleted(engine: AsyncEngine) -> None:
    kept, gone, never = workspaces = [WorkspaceFactory() for _ in range(3)]
    await store(engine, *workspaces)
    async with engine.begin() as connection:
        await log_events(connection, kept.id, [5000, 1])
        await log_events(connection, gone.id, [3, 2, 1, 0, 0, 0, 0])
        await log_events(connection, never.id, [])
        await connection.execute(text("DELETE FROM workspace WHERE id <> :kept"), {"kept": kept.id})

        await clean(connection, None)

        assert await stored_logs(connection) == {kept.id: (1, [1, 2])}


async def test_long_texts_are_deleted_with_their_events(engine: AsyncEngine) -> None:
    workspace: Workspace = WorkspaceFactory()
    await store(engine, workspace)
    async with engine.begin() as connection:
        await log_events(connection, workspace.id, [20, 20, 1])
        for revision in (1, 2, 3):
            key = {"workspace_id": workspace.id, "revision": revision, "field": "title", "side": 1}
            await connection.execute(insert(EventTextRow).values(**key, body="x"))
        await clean(connection, KEPT)
        assert list(await connection.scalars(select(EventTextRow.revision))) == [3]


async def test_a_step_deletes_one_batch(engine: AsyncEngine) -> None:
    workspace: Workspace = WorkspaceFactory()
    await store(engine, workspace)
    async with engine.begin() as connection:
        await log_events(connection, workspace.id, [20] * 8)
        await change_log_cleaning(KEPT)(connection)
        assert (await stored_logs(connection))[workspace.id] == (4, [4, 5, 6, 7, 8])
