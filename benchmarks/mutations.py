"""Check of what the mutation wrote, and restoring of the changed rows before the next server runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError

_BEFORE = "SELECT id, title, updated_at FROM issue WHERE id = ANY($1)"
_REVISION = "SELECT workspace_id, revision FROM workspace_revision ORDER BY revision DESC LIMIT 1"
_RESTORE = """UPDATE issue SET title = old.title, updated_at = old.updated_at
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS old (id, title, updated_at)
    WHERE issue.id = old.id AND issue.title <> old.title"""
_WRITTEN = """SELECT i.title, e.type, e.changes->'title'->>1 AS event_title FROM issue i
    JOIN workspace_revision r ON r.workspace_id = i.workspace_id
    LEFT JOIN event e ON e.workspace_id = r.workspace_id AND e.revision = r.revision AND e.subject_id = i.id
    WHERE i.id = $1"""
_CLEAN = "VACUUM issue, event, workspace_revision"


def require_written(dataset: Dataset, data: Any, *, title: str, server: str) -> None:
    """Raises BenchmarkError unless title, revision and event are stored and the answer holds the changed issue."""
    issue = dataset.mutated[0]
    expected = {"issueUpdate": {"errors": [], "issue": {"id": issue, "title": title}}}
    row = _run(dataset, lambda connection: connection.fetchrow(_WRITTEN, issue))
    if data != expected or dict(row) != {"title": title, "type": "issue.updated", "event_title": title}:
        raise BenchmarkError(f"{server} does not write what Workgraph writes: answered {data}, wrote {dict(row)}")


@dataclass(frozen=True, slots=True)
class Originals:
    """The rows that mutations change, as they were."""

    dataset: Dataset
    issues: tuple[Any, ...]
    workspace_id: str
    revision: int

    @classmethod
    def remember(cls, dataset: Dataset) -> "Originals":
        issues = _run(dataset, lambda connection: connection.fetch(_BEFORE, dataset.mutated))
        workspace_id, revision = _run(dataset, lambda connection: connection.fetchrow(_REVISION))
        return cls(dataset, tuple(issues), workspace_id, revision)

    def restore(self) -> None:
        _run(self.dataset, self._restore)

    async def _restore(self, connection: Any) -> None:
        columns = [list(column) for column in zip(*map(tuple, self.issues), strict=True)]
        await connection.execute(_RESTORE, *columns)
        is_later = "workspace_id = $1 AND revision > $2"
        deleted = await connection.execute(f"DELETE FROM event WHERE {is_later}", self.workspace_id, self.revision)
        await connection.execute(
            f"UPDATE workspace_revision SET revision = $2 WHERE {is_later}", self.workspace_id, self.revision
        )
        if deleted != "DELETE 0":
            await connection.execute(_CLEAN)


def _run(dataset: Dataset, action: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(dataset.driver_url)
        try:
            return await action(connection)
        finally:
            await connection.close()

    return asyncio.run(run())
