from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.issues.model import Issue
from domain.issues.ports import LinkChange, LinkKind
from domain.projects.model import Project
from domain.shared.batches import BatchRun
from domain.shared.events import Event
from infra.batches.repository import fix_rows
from infra.db.arrays import among, array_text, texts
from infra.db.bulk import row_insert, row_inserts, row_update, row_updates
from infra.db.grams import grams_of
from infra.db.repository import SqlParentRepository
from infra.db.visibility import GuestRule, in_workspace
from infra.db.write_connection import Connection
from infra.issues.aliases import keep_identifiers
from infra.issues.deletion import clear_project, delete_issues, unrecorded_purges
from infra.issues.sizes import count_added, count_changed, lists_of
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, IssueWordsRow, words_of

Links = type[IssueAssigneeRow] | type[IssueLabelRow]
LINKS: Mapping[LinkKind, Links] = MappingProxyType(
    {LinkKind.ASSIGNEES: IssueAssigneeRow, LinkKind.LABELS: IssueLabelRow}
)
"""Tables of links."""

_GIVEN = (
    func.unnest(texts("ids"), texts("grams"))
    .table_valued(column("id", Text), column("grams", Text))
    .render_derived("given")
)


def _words(rows: Any, *conditions: ColumnElement[bool]) -> Any:
    """The statement that stores the words of those of the rows of issues whose IDs and grams are given."""
    words = words_of(rows.title, rows.description)
    found = select(rows.workspace_id, rows.id, words, cast(_GIVEN.c.grams, ARRAY(Text)))
    given = found.join(_GIVEN, _GIVEN.c.id == rows.id).where(*conditions)
    added = upsert(IssueWordsRow).from_select(["workspace_id", "issue_id", "words", "title_grams"], given)
    return added.on_conflict_do_update(
        index_elements=[IssueWordsRow.workspace_id, IssueWordsRow.issue_id],
        set_={"words": added.excluded.words, "title_grams": added.excluded.title_grams},
    )


_WRITTEN = _words(IssueRow, in_workspace(IssueRow.workspace_id))


_NAMES = tuple(field.name for field in fields(Issue))
_TEXTS = (IssueRow.workspace_id, IssueRow.id, IssueRow.title, IssueRow.description)
_ADDED = _words(row_insert(IssueRow, _NAMES).returning(*_TEXTS).cte("rows").c)
"""The statement that stores issues and their words."""


@cache
def _with_words(names: tuple[str, ...]) -> Any:
    """The statement that writes the named columns of issues, and the words of some of them."""
    return _words(row_update(IssueRow, names).returning(*_TEXTS).cte("rows").c)


def _grams_of(issues: Collection[Issue]) -> dict[str, Any]:
    return {"ids": [issue.id for issue in issues], "grams": [array_text(grams_of(issue.title)) for issue in issues]}


async def write_words(connection: Connection, issues: Collection[Issue]) -> None:
    """Stores the words of issues whose rows the transaction has written."""
    for workspace_id in sorted({issue.workspace_id for issue in issues}):
        own = [issue for issue in issues if issue.workspace_id == workspace_id]
        await connection.execute(_WRITTEN, {"workspace_id": workspace_id, **_grams_of(own)})


async def rewrite_words(connection: Connection, changes: Iterable[tuple[Issue, Issue]]) -> None:
    """Stores the words of issues with another title or description; `changes` are issues before and after."""
    await write_words(connection, _reworded(changes))


def _reworded(changes: Iterable[tuple[Issue, Issue]]) -> list[Issue]:
    texts_of = attrgetter("title", "description")
    return [after for before, after in changes if texts_of(before) != texts_of(after)]


class SqlIssueRepository(SqlParentRepository[Issue]):
    table = IssueRow
    entity = Issue
    guests = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
    conflicts = {
        "fk_issue_workspace_id_parent_id": (
            "id",
            "This issue has sub-issues. Move or permanently delete them first.",
        )
    }

    async def add_all(self, entities: Collection[Issue]) -> None:
        if entities:
            issues = list(entities)
            _, values = row_inserts(IssueRow, _NAMES, issues)
            await self._guarded(_ADDED, {**values, **_grams_of(issues)})
            count_added(self._sizes, issues)

    async def save(self, before: Issue, after: Issue) -> None:
        await self.save_all([(before, after)])

    async def save_all(self, changes: Sequence[tuple[Issue, Issue]]) -> None:
        if reworded := _reworded(changes):
            await self._save_with_words(changes, reworded)
        else:
            await super().save_all(changes)
        for before, after in changes:
            count_changed(self._sizes, before, after)
        await keep_identifiers(self._connection, changes)

    async def _save_with_words(self, changes: Sequence[tuple[Issue, Issue]], reworded: Sequence[Issue]) -> None:
        """Writes the columns that differ, and the words of the issues that got others, in one statement."""
        names = tuple(self.differing(changes))
        _, values = row_updates(self.table, names, [after for _, after in changes])
        await self._guarded(_with_words(names), {**values, **_grams_of(reworded)})

    async def remove(self, entity: Issue) -> None:
        await super().remove(entity)
        self._sizes.change(lists_of(entity), -1)

    async def links_of(
        self, issues: Sequence[Issue], kinds: Sequence[LinkKind]
    ) -> dict[LinkKind, dict[str, frozenset[str]]]:
        found: dict[LinkKind, dict[str, frozenset[str]]]
        found = {kind: {issue.id: frozenset() for issue in issues} for kind in kinds}
        if issues and kinds:
            params = {"workspace_id": issues[0].workspace_id, "ids": [issue.id for issue in issues]}
            for kind, issue_id, ids in await self._connection.execute(_linked(tuple(kinds)), params):
                found[LinkKind(kind)][issue_id] = frozenset(ids)
        return found

    async def relink_all(self, workspace_id: str, changes: Mapping[LinkKind, Mapping[str, LinkChange]]) -> None:
        writes: list[Any] = []
        for kind, of_kind in changes.items():
            removed = [(issue_id, other) for issue_id, (before, after) in of_kind.items() for other in before - after]
            added = [(issue_id, other) for issue_id, (before, after) in of_kind.items() for other in after - before]
            writes += [_unlinked(workspace_id, LINKS[kind], removed)] if removed else []
            writes += [_linked_anew(workspace_id, LINKS[kind], added)] if added else []
        if writes:
            *others, last = writes
            # One statement: none of its parts reads what another one writes.
            parts = [each.cte(f"part_{number}") for number, each in enumerate(others)]
            await self._guarded(last.add_cte(*parts) if parts else last)

    async def lock_tree(self, workspace_id: str) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, 0))))

    async def ancestor_ids(self, issue: Issue) -> frozenset[str]:
        parents = select(IssueRow.parent_id).where(IssueRow.workspace_id == issue.workspace_id)
        above = parents.where(IssueRow.id == issue.id).cte("above", recursive=True)
        above = above.union(parents.join(above, IssueRow.id == above.c.parent_id))
        statement = select(above.c.parent_id).where(above.c.parent_id.is_not(None))
        return frozenset(await self._connection.scalars(statement))

    async def numbered(self, workspace_id: str, places: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        project_ids, numbers = zip(*places, strict=True)
        given = func.unnest(
            bindparam(None, list(project_ids), ARRAY(Text)), bindparam(None, list(numbers), ARRAY(Integer))
        )
        wanted = given.table_valued(column("project_id", Text), column("number", Integer)).render_derived("wanted")
        is_it = (IssueRow.project_id == wanted.c.project_id) & (IssueRow.number == wanted.c.number)
        found = select(IssueRow.project_id, IssueRow.number).join(wanted, is_it)
        rows = await self._connection.execute(found.where(IssueRow.workspace_id == workspace_id))
        return {(project_id, number) for project_id, number in rows}

    async def parents_above(self, workspace_id: str, issue_ids: Collection[str]) -> Mapping[str, str | None]:
        pairs = select(IssueRow.id, IssueRow.parent_id.label("above")).where(in_workspace(IssueRow.workspace_id))
        found = pairs.where(among(IssueRow.id, "ids")).cte("found", recursive=True)
        found = found.union(pairs.join(found, IssueRow.id == found.c.above))
        rows = await self._connection.execute(select(found), {"workspace_id": workspace_id, "ids": list(issue_ids)})
        return dict(map(tuple, rows))

    async def purge(self, issue: Issue) -> None:
        for links in (IssueAssigneeRow, IssueLabelRow):
            await self._connection.execute(delete(links).where(*_links_of(links, issue)))
        await self.remove(issue)

    async def ids_in(self, project: Project, *, most: int) -> Sequence[str]:
        newest = select(IssueRow.id).where(_are_in(project)).order_by(IssueRow.id.desc()).limit(most)
        return list(await self._connection.scalars(newest))

    async def fix_in_project(self, run: BatchRun) -> int:
        is_in = (IssueRow.workspace_id == run.workspace_id) & (IssueRow.project_id == run.subject_id)
        # Sub-issues are mostly newer than their parent, and are deleted with it or before it.
        return await fix_rows(self._connection, run, IssueRow.id, is_in, is_newest_first=True)

    async def delete(self, workspace_id: str, project_id: str, ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        return await delete_issues(self._connection, self._sizes, workspace_id, project_id, ids, now=now)

    async def clear(self, project: Project) -> None:
        await clear_project(self._connection, self._sizes, project)

    async def purges(self, workspace_id: str, project_id: str, ids: Sequence[str]) -> Sequence[Event]:
        return await unrecorded_purges(self._connection, workspace_id, project_id, ids)


def _unlinked(workspace_id: str, links: Links, pairs: Sequence[tuple[str, str]]) -> Any:
    given = _pairs(sorted(pairs))
    gone = (links.issue_id == given.c.issue_id) & (_other_end(links) == given.c.other_id)
    return delete(links).where(links.workspace_id == workspace_id, gone)


def _linked_anew(workspace_id: str, links: Links, pairs: Sequence[tuple[str, str]]) -> Any:
    given = _pairs(sorted(pairs))
    new = select(literal(workspace_id, Text), given.c.issue_id, given.c.other_id)
    return insert(links).from_select(["workspace_id", "issue_id", _other_end(links).key], new)


@cache
def _linked(kinds: tuple[LinkKind, ...]) -> Any:
    """The other ends of the links of issues, by kind and issue; built once, as building takes as long as running."""
    return union_all(
        *(
            select(literal(kind.value, Text), links.issue_id, func.array_agg(_other_end(links)))
            .where(in_workspace(links.workspace_id), among(links.issue_id, "ids"))
            .group_by(links.issue_id)
            for kind, links in ((kind, LINKS[kind]) for kind in kinds)
        )
    )


def _other_end(links: Links) -> Any:
    """The column with the ID that an issue is linked to."""
    return links.label_id if issubclass(links, IssueLabelRow) else links.user_id


def _pairs(pairs: Sequence[tuple[str, str]]) -> Any:
    """Links as rows of a statement."""
    issue_ids, other_ids = (bindparam(None, list(ids), ARRAY(Text)) for ids in zip(*pairs, strict=True))
    ids = func.unnest(issue_ids, other_ids)
    return ids.table_valued(column("issue_id", Text), column("other_id", Text)).render_derived(name="pairs")


def _links_of(links: Links, issue: Issue) -> tuple[ColumnElement[bool], ...]:
    return (links.workspace_id == issue.workspace_id, links.issue_id == issue.id)


def _are_in(project: Project) -> ColumnElement[bool]:
    return (IssueRow.workspace_id == project.workspace_id) & (IssueRow.project_id == project.id)
