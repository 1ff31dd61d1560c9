"""Former identifiers of issues: those of other projects, and those with former keys of their project."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.issues.model import MOST_PREVIOUS_IDENTIFIERS, Issue
from domain.shared.actor import Actor
from domain.shared.ids import time_of
from infra.db.arrays import texts
from infra.db.read import ReadSession
from infra.db.visibility import guest_visibility_in, in_guest_areas, in_workspace
from infra.db.write_connection import Connection
from infra.issues.tables import IssueAliasRow, IssueRow
from infra.projects.tables import ProjectKeyRow

_number_of = attrgetter("project_id", "number")
_GIVEN = (
    func.unnest(
        texts("ids"),
        texts("project_ids"),
        bindparam("numbers", type_=ARRAY(Integer)),
        bindparam("creations", type_=ARRAY(DateTime(timezone=True))),
    )
    .table_valued(
        column("id", Text(collation="C")),
        column("project_id", Text(collation="C")),
        column("number", Integer),
        column("created_at", DateTime(timezone=True)),
    )
    .render_derived("given")
)


def _given(issues: Sequence[Issue]) -> dict[str, Any]:
    """Parameters of statements on issues of one workspace."""
    return {
        "workspace_id": issues[0].workspace_id,
        "ids": [issue.id for issue in issues],
        "project_ids": [issue.project_id for issue in issues],
        "numbers": [issue.number for issue in issues],
        # `created_at` of an imported issue is older than the issue is here.
        "creations": [time_of(issue.id) for issue in issues],
    }


def _entered() -> ColumnElement[datetime]:
    """Time since when a given issue has been in its project."""
    moves = IssueAliasRow.__table__.alias()
    last: Select[Any] = select(func.max(moves.c.moved_at)).where(
        in_workspace(moves.c.workspace_id), moves.c.issue_id == _GIVEN.c.id
    )
    return func.coalesce(last.correlate(_GIVEN).scalar_subquery(), _GIVEN.c.created_at)


def _keys(*further: ColumnElement[bool]) -> Select[Any]:
    """Former keys that the project of a given issue has had since the issue is in it, newest first."""
    newest: Any = (
        select(ProjectKeyRow.key, ProjectKeyRow.until)
        .where(in_workspace(ProjectKeyRow.workspace_id), ProjectKeyRow.project_id == _GIVEN.c.project_id)
        .where(or_(ProjectKeyRow.until > _entered(), *further))
        .order_by(ProjectKeyRow.until.desc().nulls_first())
        .limit(MOST_PREVIOUS_IDENTIFIERS)
    )
    found: Select[Any] = newest.correlate(_GIVEN)
    return found


def _kept() -> Any:
    """Insertion of the identifiers that the given issues have before they leave their projects."""
    keys = _keys(ProjectKeyRow.until.is_(None)).subquery("had")
    in_order = select(keys.c.key).order_by(keys.c.until.desc().nulls_first())
    left = select(
        bindparam("workspace_id", type_=Text),
        _GIVEN.c.project_id,
        _GIVEN.c.number,
        _GIVEN.c.id,
        func.array(in_order.correlate(_GIVEN).scalar_subquery(), type_=ARRAY(Text)),
        bindparam("now", type_=DateTime(timezone=True)),
    )
    names = ["workspace_id", "project_id", "number", "issue_id", "keys", "moved_at"]
    new = upsert(IssueAliasRow).from_select(names, left)
    # An import may have given the number to another issue after the first one had left.
    return new.on_conflict_do_update(index_elements=names[:3], set_={name: new.excluded[name] for name in names[3:]})


def _former(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Number and keys of the given issues until a time; of aliases, those that meet the conditions."""
    moves = select(IssueAliasRow.number, IssueAliasRow.keys, IssueAliasRow.moved_at).where(
        in_workspace(IssueAliasRow.workspace_id),
        IssueAliasRow.issue_id == _GIVEN.c.id,
        # An import can bring an issue back to its former number.
        ~((IssueAliasRow.project_id == _GIVEN.c.project_id) & (IssueAliasRow.number == _GIVEN.c.number)),
        *conditions,
    )
    moved = moves.order_by(IssueAliasRow.moved_at.desc()).limit(MOST_PREVIOUS_IDENTIFIERS).correlate(_GIVEN)
    left = moved.lateral("moved").c
    renamed = _keys().lateral("renamed").c
    both = union_all(
        select(_GIVEN.c.id, left.number, left["keys"], left.moved_at.label("until")),
        select(_GIVEN.c.id, _GIVEN.c.number, array([renamed.key]), renamed.until),
    ).subquery()
    return select(both).order_by(both.c.until.desc())


_KEEP = _kept()
_FORMER = _former()
_FORMER_OF_GUESTS = _former(in_guest_areas(IssueAliasRow.project_id))


async def keep_identifiers(
    connection: Connection, changes: Sequence[tuple[Issue, Issue]], *, now: datetime | None = None
) -> None:
    """Keeps the identifiers that issues of one workspace lose by the changes, at the time of the changes or `now`."""
    lost = [(before, after) for before, after in changes if _number_of(before) != _number_of(after)]
    if lost:
        given = _given([before for before, _ in lost])
        await connection.execute(_KEEP, given | {"now": now or lost[0][1].updated_at})


async def previous_identifiers(reads: ReadSession, actor: Actor, issues: Sequence[Issue]) -> dict[str, list[str]]:
    """Former identifiers of issues of one workspace, newest first; guests get no identifiers of other projects."""
    workspace_id, given = issues[0].workspace_id, _given(list({issue.id: issue for issue in issues}.values()))
    if actor.is_guest_in(workspace_id):
        seen = guest_visibility_in(actor, workspace_id)
        rows = await reads.fetch(_FORMER_OF_GUESTS, **given, **seen)
    else:
        rows = await reads.fetch(_FORMER, **given)
    found: dict[str, list[str]] = {issue.id: [] for issue in issues}
    for issue_id, number, keys, _ in rows:
        found[issue_id] += [f"{key}-{number}" for key in keys]
    return {issue_id: identifiers[:MOST_PREVIOUS_IDENTIFIERS] for issue_id, identifiers in found.items()}


def found_by(key: Any, number: Any, *, is_guest: bool) -> ColumnElement[str]:
    """ID of the issue that has the number and a key of its project, or else had them in its former project."""
    keys, issues, aliases = (table.__table__.alias() for table in (ProjectKeyRow, IssueRow, IssueAliasRow))
    named = select(keys.c.project_id).where(in_workspace(keys.c.workspace_id), keys.c.key == key).scalar_subquery()
    has_it = select(issues.c.id).where(_are_numbered(issues, named, number))
    had_it = select(aliases.c.issue_id).where(_are_numbered(aliases, named, number), *_seen(aliases, is_guest))
    return func.coalesce(has_it.scalar_subquery(), had_it.scalar_subquery())


def found_among(given: Any, *, is_guest: bool) -> Select[Any]:
    """IDs of the issues that `found_by` finds for the given keys and numbers."""
    keys, issues, aliases = (table.__table__.alias() for table in (ProjectKeyRow, IssueRow, IssueAliasRow))
    have_it = _are_numbered(issues, keys.c.project_id, given.c.number)
    had_it = and_(_are_numbered(aliases, keys.c.project_id, given.c.number), *_seen(aliases, is_guest))
    return (
        select(func.coalesce(issues.c.id, aliases.c.issue_id))
        .select_from(given)
        .join(keys, in_workspace(keys.c.workspace_id) & (keys.c.key == given.c.key))
        .outerjoin(issues, have_it)
        .outerjoin(aliases, had_it)
    )


def _are_numbered(rows: FromClause, project_id: Any, number: Any) -> ColumnElement[bool]:
    return and_(in_workspace(rows.c.workspace_id), rows.c.project_id == project_id, rows.c.number == number)


def _seen(aliases: FromClause, is_guest: bool) -> tuple[ColumnElement[bool], ...]:
    return (in_guest_areas(aliases.c.project_id),) if is_guest else ()
