"""Events of the log, stored without a change that they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.shared.actor import Cause
from infra.audit.tables import EventRow
from infra.workspaces.tables import RevisionRow
from tests.factories.moments import MADE


@dataclass(frozen=True, kw_only=True)
class Logged:
    revision: int


async def log_events(
    engine: AsyncEngine, subject: Issue | Comment, changes: Sequence[dict[str, Any]], **fields: Any
) -> list[Logged]:
    """Stores an event with each of the changes of the issue or comment, and returns their revisions."""
    if not changes:
        return []
    kind = "issue" if isinstance(subject, Issue) else "comment"
    async with engine.begin() as connection:
        counter = upsert(RevisionRow).values(workspace_id=subject.workspace_id, revision=len(changes))
        counted = counter.on_conflict_do_update(
            index_elements=[RevisionRow.workspace_id],
            set_={"revision": RevisionRow.revision + counter.excluded.revision},
        ).returning(RevisionRow.revision)
        last: int = (await connection.execute(counted)).scalar_one()
        rows = [
            {
                "workspace_id": subject.workspace_id,
                "revision": revision,
                "change_set": revision,
                "type": f"{kind}.updated",
                "subject_id": subject.id,
                "parent_id": getattr(subject, "issue_id", None),
                "area_id": subject.project_id,
                "actor_id": subject.creator_id if isinstance(subject, Issue) else subject.author_id,
                "cause": Cause.USER,
                "changes": changed,
                "occurred_at": MADE,
            }
            | fields
            for revision, changed in enumerate(changes, last - len(changes) + 1)
        ]
        await connection.execute(insert(EventRow), rows)
    return [Logged(revision=row["revision"]) for row in rows]
