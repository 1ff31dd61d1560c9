"""Events write little to the write-ahead log, although each index of events costs some."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from domain.shared.actor import Actor
from domain.shared.events import FieldChange
from infra.audit.log import log_of
from tests.commit_log import write_logs
from tests.factories.accounts import IDS
from tests.sample.domain.events import BookUpdated
from tests.write_ahead_log import written

RUNS = 8
OF_COMMIT, OF_JOB = 805, 925
"""A little more than measured, 774 and 878 bytes: the counter of the workspace takes 125, and an index entry 104; only
events of jobs have one by their change set."""


@pytest.mark.parametrize(("change_set", "most"), [(None, OF_COMMIT), (1, OF_JOB)])
async def test_an_event_writes_little(database: str, change_set: int | None, most: int) -> None:
    workspace, author = IDS.new("wsp"), IDS.new("aut")
    event = BookUpdated(
        workspace_id=workspace,
        subject_id=IDS.new("bok"),
        area_id=IDS.new("shf"),
        changes={
            "author_id": FieldChange(before=author, after=author),
            "archived_at": FieldChange(after="2026-01-01T00:00:00+00:00"),
        },
    )
    actor = Actor(user_id=IDS.new("usr"), change_set=change_set)
    engine = create_async_engine(database)
    sizes = []
    async with engine.connect() as connection:
        for _ in range(RUNS):
            start = await written(connection)
            await write_logs(connection, {workspace: log_of([event], actor=actor, now=datetime.now(UTC))})
            await connection.commit()
            sizes.append(await written(connection) - start)
    await engine.dispose()
    # A page that is written for the first time after a checkpoint is logged as a whole.
    assert 0 < min(sizes) <= most, sizes
