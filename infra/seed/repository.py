from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.comments.model import Comment
from domain.issues.model import Issue, IssueId
from domain.projects.model import Project
from domain.seed.model import SeedRun, StoredScene
from infra.accounts.repository import SqlUserRepository
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.db.bulk import copy_entities, copy_rows
from infra.db.entities import builder_of, columns_of
from infra.db.list_sizes import ListSizes
from infra.db.write_connection import WriteConnection
from infra.issues.repository import write_words
from infra.issues.sizes import count_added
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.labels.repository import SqlLabelRepository
from infra.labels.tables import LabelRow
from infra.projects.repository import SqlProjectRepository, SqlStateRepository
from infra.projects.tables import ProjectNumberRow, ProjectRow, StateRow
from infra.seed.indexes import analyze, build_index, drop_secondary_indexes
from infra.seed.tables import SeedRunRow
from infra.workspaces.repository import SqlWorkspaceRepository
from infra.workspaces.tables import MemberRow, WorkspaceRow

_build_run = builder_of(SeedRun)
_counter = upsert(ProjectNumberRow)
_RAISE_NUMBERS = _counter.on_conflict_do_update(
    index_elements=[ProjectNumberRow.workspace_id, ProjectNumberRow.project_id],
    set_={"number": _counter.excluded.number},
)
_ISSUE = [field.name for field in fields(Issue)]
_COMMENT = [field.name for field in fields(Comment)]


class SqlSeedRepository:
    def __init__(self, connection: WriteConnection, sizes: ListSizes) -> None:
        self._connection = connection
        self._sizes = sizes

    async def has_workspace(self, slug: str | None) -> bool:
        condition = true() if slug is None else WorkspaceRow.slug == slug
        found = await self._connection.execute(select(exists().where(condition).select_from(WorkspaceRow)))
        return bool(found.scalar_one())

    async def is_first_workspace(self) -> bool:
        count = select(func.count()).select_from(select(WorkspaceRow.id).limit(2).subquery())
        return bool((await self._connection.execute(count)).scalar_one() == 1)

    async def unfinished(self, slug: str) -> SeedRun | None:
        query = (
            select(*columns_of(SeedRunRow, SeedRun))
            .join(WorkspaceRow, WorkspaceRow.id == SeedRunRow.workspace_id)
            .where(WorkspaceRow.slug == slug)
            .with_for_update(of=SeedRunRow)
        )
        row = (await self._connection.execute(query)).first()
        return None if row is None else _build_run(row)

    async def begin(self, run: SeedRun, *, is_bulk: bool) -> None:
        postponed = await drop_secondary_indexes(self._connection) if is_bulk else []
        await self._connection.execute(insert(SeedRunRow).values(**asdict(run), postponed=postponed))

    async def advance(self, workspace_id: str, done: int) -> None:
        await self._connection.execute(update(SeedRunRow).where(_run_of(workspace_id)).values(done=done))

    async def build_next_index(self, workspace_id: str) -> int | None:
        found = select(SeedRunRow.postponed).where(_run_of(workspace_id)).with_for_update()
        postponed = (await self._connection.execute(found)).scalar_one()
        if not postponed:
            return None
        await build_index(self._connection, postponed[0])
        rest = postponed[1:]
        await self._connection.execute(update(SeedRunRow).where(_run_of(workspace_id)).values(postponed=rest))
        return len(rest)

    async def finish(self, workspace_id: str) -> None:
        await self._connection.execute(delete(SeedRunRow).where(_run_of(workspace_id)))
        await analyze(self._connection)

    async def stored_scene(self, workspace_id: str) -> StoredScene:
        users = select(MemberRow.user_id).where(MemberRow.workspace_id == workspace_id)
        workspaces = SqlWorkspaceRepository(self._connection, self._sizes)
        projects = SqlProjectRepository(self._connection, self._sizes)
        return StoredScene(
            workspace=(await workspaces.where(WorkspaceRow.id == workspace_id))[0],
            people=await SqlUserRepository(self._connection).where(UserRow.id.in_(users)),
            labels=await SqlLabelRepository(self._connection).where(LabelRow.workspace_id == workspace_id),
            projects=await projects.where(ProjectRow.workspace_id == workspace_id),
            states=await SqlStateRepository(self._connection).where(StateRow.workspace_id == workspace_id),
        )

    async def last_issues(self, project: Project, most: int) -> Mapping[int, IssueId]:
        mine = (IssueRow.workspace_id == project.workspace_id) & (IssueRow.project_id == project.id)
        query = select(IssueRow.number, IssueRow.id).where(mine).order_by(IssueRow.number.desc()).limit(most)
        return {number: IssueId(issue_id) for number, issue_id in await self._connection.execute(query)}

    async def add_issues(
        self,
        issues: Sequence[Issue],
        *,
        assignees: Mapping[str, Sequence[str]],
        labels: Mapping[str, Sequence[str]],
        comments: Sequence[Comment],
    ) -> None:
        await self._raise_numbers(issues)
        commented = Counter(comment.issue_id for comment in comments)
        counted = [replace(issue, comment_count=commented[issue.id]) for issue in issues]
        await copy_entities(self._connection, IssueRow, _ISSUE, counted)
        count_added(self._sizes, counted)
        await write_words(self._connection, issues)
        for table, other, links in ((IssueAssigneeRow, "user_id", assignees), (IssueLabelRow, "label_id", labels)):
            rows = [(issue.workspace_id, issue.id, each) for issue in issues for each in links.get(issue.id, ())]
            await copy_rows(self._connection, table, ("workspace_id", "issue_id", other), rows)
        await copy_entities(self._connection, CommentRow, _COMMENT, comments)

    async def _raise_numbers(self, issues: Sequence[Issue]) -> None:
        highest = {issue.project_id: issue for issue in sorted(issues, key=lambda issue: issue.number)}
        rows = [
            {"workspace_id": issue.workspace_id, "project_id": project_id, "number": issue.number}
            for project_id, issue in highest.items()
        ]
        await self._connection.execute(_RAISE_NUMBERS, rows)


def _run_of(workspace_id: str) -> ColumnElement[bool]:
    return SeedRunRow.workspace_id == workspace_id
