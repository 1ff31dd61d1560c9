"""Deletion of many issues with everything that refers to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, column, delete, exists, func, select, update

from domain.issues.events import IssuePurged, IssueUpdated
from domain.issues.model import Issue
from domain.projects.model import Project
from domain.shared.events import Event
from infra.audit.log import forget_texts
from infra.audit.tables import EventRow
from infra.db.arrays import among, among_values, texts
from infra.db.cascades import delete_referring
from infra.db.list_sizes import ListKey, ListSizes
from infra.db.repository import RowMapping
from infra.db.visibility import in_workspace
from infra.db.write_connection import Connection
from infra.issues.tables import IssueRow
from infra.projects.tables import ProjectRow

_ISSUES = RowMapping.of(IssueRow, Issue)
_GIVEN = in_workspace(IssueRow.workspace_id) & among(IssueRow.id, "ids")
_LOCKED = select(IssueRow.id).where(_GIVEN).order_by(IssueRow.id).with_for_update()
_CHILDREN = (
    _ISSUES.select.where(in_workspace(IssueRow.workspace_id), among(IssueRow.__table__.c.parent_id, "ids"))
    .where(~among(IssueRow.id, "ids"))
    .order_by(IssueRow.id)
    .with_for_update(key_share=True)
)
_DELETED = delete(IssueRow).where(_GIVEN).returning(IssueRow.milestone_id, IssueRow.parent_id, IssueRow.lifecycle)
_NAMED = func.unnest(texts("ids")).table_valued(column("id", Text)).render_derived("named")
_UNRECORDED = select(_NAMED.c.id).where(
    ~exists().where(in_workspace(IssueRow.workspace_id), IssueRow.id == _NAMED.c.id),
    ~exists().where(
        in_workspace(EventRow.workspace_id), EventRow.subject_id == _NAMED.c.id, EventRow.type == IssuePurged.type
    ),
)


async def delete_issues(
    connection: Connection,
    sizes: ListSizes,
    workspace_id: str,
    project_id: str,
    ids: Sequence[str],
    *,
    now: datetime,
) -> Sequence[Event]:
    """Deletes those of the issues that are in the project; returns the events of sub-issues that stay."""
    given = {"workspace_id": workspace_id, "ids": list(ids)}
    # Checked while they are locked, because an import may have moved an issue to another project.
    given["ids"] = list(await connection.scalars(_LOCKED.where(IssueRow.project_id == project_id), given))
    if not given["ids"]:
        return ()
    events = await _detach_children(connection, given, now)
    deleted = await delete_referring(connection, IssueRow, workspace_id, given["ids"])
    await forget_texts(connection, workspace_id, [*given["ids"], *deleted])
    for milestone_id, parent_id, lifecycle in await connection.execute(_DELETED, given):
        parents = (workspace_id, project_id, milestone_id, parent_id)
        sizes.change([ListKey(workspace_id, each, lifecycle) for each in parents if each is not None], -1)
    for issue_id in given["ids"]:
        sizes.remove(workspace_id, issue_id)
    return events


async def _detach_children(connection: Connection, given: dict[str, Any], now: datetime) -> list[Event]:
    """Takes the parent from sub-issues that are not among the given issues."""
    children = [_ISSUES.build(row) for row in await connection.execute(_CHILDREN, given)]
    if children:
        staying: ColumnElement[bool] = IssueRow.workspace_id == given["workspace_id"]
        staying &= among_values(IssueRow.id.expression, [child.id for child in children])
        await connection.execute(update(IssueRow).where(staying).values(parent_id=None, updated_at=now))
    return [IssueUpdated.between(child, child.with_parent(None, now=now)) for child in children]


async def clear_project(connection: Connection, sizes: ListSizes, project: Project) -> None:
    """Deletes everything that refers to a project without issues."""
    deleted = await delete_referring(connection, ProjectRow, project.workspace_id, [project.id], IssueRow)
    for entity_id in deleted:
        # Milestones have lists of issues.
        sizes.remove(project.workspace_id, entity_id)


async def unrecorded_purges(
    connection: Connection, workspace_id: str, project_id: str, ids: Sequence[str]
) -> Sequence[Event]:
    """Events for those of the issues that no longer exist and have no event of their deletion."""
    missing = await connection.scalars(_UNRECORDED, {"workspace_id": workspace_id, "ids": list(ids)})
    return [
        IssuePurged(workspace_id=workspace_id, subject_id=issue_id, area_id=project_id) for issue_id in sorted(missing)
    ]
