"""Storage of identities that imports record for another tracker's objects."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.labels.events import LabelDeleted
from domain.milestones.events import MilestoneDeleted
from domain.projects.events import StateDeleted
from domain.projects.model import Project
from domain.transfers.identity_ports import ExternalIssue, ExternalObject, ExternalSite, ObjectKind
from infra.audit.tables import EventRow
from infra.db.base import Base
from infra.db.bulk import copy_entities
from infra.db.repository import RowMapping
from infra.db.write_connection import WriteConnection
from infra.issues.tables import IssueRow
from infra.projects.tables import ProjectKeyRow, ProjectRow
from infra.transfers.refusals import among, refusals
from infra.transfers.tables import ExternalIssueRow, ExternalObjectRow, ExternalSiteRow

_SITES = RowMapping.of(ExternalSiteRow, ExternalSite)
_OBJECTS = RowMapping.of(ExternalObjectRow, ExternalObject)
_PROJECTS = RowMapping.of(ProjectRow, Project)
_OBJECT = tuple(field.name for field in fields(ExternalObject))
_ISSUE = ("issue_id", "workspace_id", "site_id", "key", "external_id", "source_id", "project_id")
_REPLACING = (StateDeleted.type, MilestoneDeleted.type, LabelDeleted.type)


class SqlIdentityStore:
    def __init__(self, connection: WriteConnection) -> None:
        self._connection = connection

    async def sites(self, workspace_id: str, source: str) -> list[ExternalSite]:
        here = (ExternalSiteRow.workspace_id == workspace_id) & (ExternalSiteRow.source == source)
        statement = _SITES.select.where(here).order_by(ExternalSiteRow.created_at, ExternalSiteRow.id)
        return [_SITES.build(row) for row in await self._connection.execute(statement)]

    async def add_site(self, site: ExternalSite) -> None:
        async with refusals():
            await self._connection.execute(insert(ExternalSiteRow).values(asdict(site)))

    async def name_site(self, site: ExternalSite) -> None:
        this = (ExternalSiteRow.workspace_id == site.workspace_id) & (ExternalSiteRow.id == site.id)
        async with refusals():
            await self._connection.execute(update(ExternalSiteRow).where(this).values(name=site.name))

    async def objects(
        self,
        workspace_id: str,
        site_ids: Collection[str],
        kind: ObjectKind,
        *,
        scopes: Collection[str],
        external_ids: Collection[str],
        keys: Collection[str],
    ) -> list[ExternalObject]:
        among_these = _OBJECTS.select.where(
            ExternalObjectRow.workspace_id == workspace_id,
            among(ExternalObjectRow.site_id, site_ids),
            ExternalObjectRow.kind == kind,
            among(ExternalObjectRow.scope, scopes),
        )
        either = union(
            among_these.where(among(ExternalObjectRow.external_id, external_ids)),
            among_these.where(among(ExternalObjectRow.key, keys)),
        )
        async with refusals():
            rows = await self._connection.execute(either.order_by("id"))
        return [_OBJECTS.build(row) for row in rows]

    async def keep_objects(self, *, new: Sequence[ExternalObject], changed: Sequence[ExternalObject]) -> None:
        async with refusals():
            await copy_entities(self._connection, ExternalObjectRow, _OBJECT, new)
        rows = [{name: getattr(each, name) for name in _OBJECT} for each in changed]
        await self._keep(ExternalObjectRow, "id", rows, ("key", "external_id", "target_id"))

    async def issues(
        self, workspace_id: str, site_ids: Collection[str], *, external_ids: Collection[str], keys: Collection[str]
    ) -> list[ExternalIssue]:
        own = [name for name in _ISSUE if name != "project_id"]
        columns = [getattr(ExternalIssueRow, name) for name in own]
        names = (*own, "project_id", "created_at")
        # The present project of an issue that was moved since the last import.
        present = func.coalesce(IssueRow.project_id, ExternalIssueRow.project_id).label("project_id")
        is_here = (IssueRow.workspace_id == ExternalIssueRow.workspace_id) & (IssueRow.id == ExternalIssueRow.issue_id)
        among_these = (
            select(*columns, present, IssueRow.created_at)
            .outerjoin(IssueRow, is_here)
            .where(ExternalIssueRow.workspace_id == workspace_id, among(ExternalIssueRow.site_id, site_ids))
        )
        # A UNION, because each branch has its own index; for an OR of both the planner may use neither.
        either = union(
            among_these.where(among(ExternalIssueRow.external_id, external_ids)),
            among_these.where(among(ExternalIssueRow.key, keys)),
        )
        async with refusals():
            rows = await self._connection.execute(either.order_by("issue_id"))
        return [ExternalIssue(**dict(zip(names, row, strict=True))) for row in rows]

    async def keep_issues(
        self, *, new: Sequence[ExternalIssue], changed: Sequence[ExternalIssue], gone: Sequence[ExternalIssue]
    ) -> None:
        if gone:
            forgotten = among(ExternalIssueRow.issue_id, [each.issue_id for each in gone])
            here = ExternalIssueRow.workspace_id == gone[0].workspace_id
            await self._connection.execute(delete(ExternalIssueRow).where(here, forgotten))
        async with refusals():
            await copy_entities(self._connection, ExternalIssueRow, _ISSUE, new)
        rows = [{name: getattr(each, name) for name in _ISSUE} for each in changed]
        await self._keep(ExternalIssueRow, "issue_id", rows, ("key", "external_id", "source_id", "project_id"))

    async def replacements(self, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        # The log stores a change as [value before, value after].
        replaced_by = EventRow.changes["replaced_by"][1].as_string().label("replaced_by")
        deletions = (
            EventRow.workspace_id == workspace_id,
            among(EventRow.subject_id, ids),
            among(EventRow.type, _REPLACING),
        )
        rows = await self._connection.execute(select(EventRow.subject_id, replaced_by).where(*deletions))
        return {subject_id: replacement for subject_id, replacement in rows if replacement is not None}

    async def projects(self, workspace_id: str, ids: Collection[str]) -> dict[str, Project]:
        if not ids:
            return {}
        # NO KEY UPDATE, like the locks of repositories: inserts of referencing rows need not wait.
        these = _PROJECTS.select.where(ProjectRow.workspace_id == workspace_id, among(ProjectRow.id, ids))
        locked = these.order_by(ProjectRow.id).with_for_update(key_share=True)
        projects = [_PROJECTS.build(row) for row in await self._connection.execute(locked)]
        return {project.id: project for project in projects}

    async def project_id(self, workspace_id: str, key: str) -> str | None:
        named = (ProjectRow.workspace_id == workspace_id) & (ProjectRow.key == key)
        found: str | None = await self._connection.scalar(select(ProjectRow.id).where(named))
        return found

    async def taken_keys(self, workspace_id: str, keys: Collection[str]) -> frozenset[str]:
        named = (ProjectKeyRow.workspace_id == workspace_id) & among(ProjectKeyRow.key, keys)
        return frozenset(await self._connection.scalars(select(ProjectKeyRow.key).where(named)))

    async def add_project(self, project: Project) -> bool:
        new = upsert(ProjectRow).values({field.name: getattr(project, field.name) for field in fields(Project)})
        added = new.on_conflict_do_nothing(index_elements=[ProjectRow.workspace_id, ProjectRow.key])
        if (await self._connection.execute(added)).rowcount == 0:
            return False
        key = {"workspace_id": project.workspace_id, "key": project.key, "project_id": project.id}
        reserved = upsert(ProjectKeyRow).values(key).on_conflict_do_nothing()
        if (await self._connection.execute(reserved)).rowcount == 1:
            return True
        # Another project gave up this key since `taken_keys`, and keeps it reserved.
        here = (ProjectRow.workspace_id == project.workspace_id) & (ProjectRow.id == project.id)
        await self._connection.execute(delete(ProjectRow).where(here))
        return False

    async def _keep(
        self, table: type[Base], id_name: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> None:
        """Inserts rows, or updates the named columns of existing rows."""
        if rows:
            kept = upsert(table)
            changes = {name: kept.excluded[name] for name in names}
            async with refusals():
                await self._connection.execute(
                    kept.on_conflict_do_update(index_elements=["workspace_id", id_name], set_=changes), list(rows)
                )
