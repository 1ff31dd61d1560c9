"""Changes of an issue write little to the write-ahead log, although each index of issues and each word costs some."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.issues.model import Issue
from infra.db.list_sizes import ListSizes
from infra.issues.repository import SqlIssueRepository
from tests.write_ahead_log import written

RUNS = 8
STATE_BYTES, TITLE_BYTES = 3_000, 7_500
"""About a quarter more than measured. The index of words takes most of the second."""
DESCRIPTION = " ".join(f"word{number} of a description" for number in range(60))


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda issue, run: replace(issue, completed_at=datetime(2026, 1, 1 + run, tzinfo=UTC)), STATE_BYTES),
        (lambda issue, run: replace(issue, title=f"Let the importer remember page {run}"), TITLE_BYTES),
    ],
)
async def test_a_change_writes_little(
    engine: AsyncEngine, issue: Issue, change: Callable[[Issue, int], Issue], most: int
) -> None:
    sizes = []
    async with engine.connect() as connection:
        issues = SqlIssueRepository(connection, ListSizes())
        before = replace(issue, description=DESCRIPTION)
        await issues.add(before)
        await connection.commit()
        for run in range(RUNS):
            start = await written(connection)
            after = change(before, run)
            after = replace(after, updated_at=datetime(2026, 2, 1 + run, tzinfo=UTC))
            await issues.save(before, after)
            await connection.commit()
            sizes.append(await written(connection) - start)
            before = after
    # A page that is written for the first time after a checkpoint is logged as a whole.
    assert 0 < min(sizes) <= most, sizes
