import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from domain.issues.identifiers import Identifier, IdentifierStart
from domain.issues.lifecycles import Lifecycle
from domain.issues.queries import IssueFilter
from domain.shared.characters import nfc
from domain.shared.filters import DateTimeComparator, IdComparator, IdentifierComparator, TextComparator, operands_of
from domain.shared.unset import UNSET
from infra.accounts.filters import USER_FILTERS
from infra.accounts.tables import UserRow
from infra.db.filters import Condition, Filters, Search, ToMany, ToSmallSet, compare
from infra.db.grams import grams_at_start, grams_in, has_grams
from infra.db.reader import ReaderFilters
from infra.db.visibility import GuestRule, in_guest_areas, in_workspace
from infra.issues.aliases import found_among, found_by
from infra.issues.tables import WORDS_CONFIGURATION, IssueAssigneeRow, IssueLabelRow, IssueRow, IssueWordsRow
from infra.labels.filters import LABEL_FILTERS
from infra.labels.tables import LabelRow
from infra.milestones.filters import MILESTONE_FILTERS
from infra.milestones.tables import MilestoneRow
from infra.projects.filters import PROJECT_FILTERS, STATE_FILTERS
from infra.projects.tables import ProjectRow, StateRow

_SEEN_BY_GUESTS = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
MOST_TITLES = 16  # titles that one condition reads by the index
_NEGATED = re.compile(r"(?:^|\s)-")


def _in_own_workspace(words: FromClause) -> ColumnElement[bool]:
    """Condition for the words of one workspace's issues; run it with `workspace_id`.

    Written twice: the first form limits the partitions and the rows, the second is the one that the index has.
    """
    own = cast(array([bindparam("workspace_id", type_=Text)]), ARRAY(Text))
    return and_(in_workspace(words.c.workspace_id), array([words.c.workspace_id]).bool_op("@>")(own))


def _has_words(text: str, issues: FromClause) -> ColumnElement[bool]:
    words = IssueWordsRow.__table__.alias()
    found: Select[Any] = select(_are_in(words, text)).where(
        in_workspace(words.c.workspace_id), words.c.issue_id == issues.c.id
    )
    return found.correlate(issues).scalar_subquery()


def _with_words(text: str) -> Select[Any] | None:
    """IDs of the issues with these words."""
    if _NEGATED.search(text):
        return None  # no index finds what lacks a word
    words = IssueWordsRow.__table__.alias()
    return select(words.c.issue_id).where(_in_own_workspace(words), _are_in(words, text))


def _are_in(words: FromClause, text: str) -> ColumnElement[bool]:
    wanted = func.websearch_to_tsquery(WORDS_CONFIGURATION, bindparam(None, nfc(text), Text))
    found: ColumnElement[bool] = words.c.words.bool_op("@@")(wanted)
    return found


def _with_grams(comparator: TextComparator) -> Select[Any] | None:
    """IDs of the issues whose title has the trigrams of a title that matches."""
    among = comparator.in_ or ()
    if among and len(among) <= MOST_TITLES and all(among):
        # The titles of a list are read by their own trigrams, and its other conditions are checked.
        words = IssueWordsRow.__table__.alias()
        each = (has_grams(words.c.title_grams, grams_at_start(nfc(title))) for title in among)
        return select(words.c.issue_id).where(_in_own_workspace(words), or_(*each))
    whole = [comparator.eq] if isinstance(comparator.eq, str) else []
    parts = [] if comparator.contains is None else grams_in(nfc(comparator.contains))
    starts = [*whole, *([] if comparator.starts_with is None else [comparator.starts_with])]
    grams = {*parts, *(gram for start in starts for gram in grams_at_start(nfc(start)))}
    if not grams:
        return None
    words = IssueWordsRow.__table__.alias()
    return select(words.c.issue_id).where(_in_own_workspace(words), has_grams(words.c.title_grams, sorted(grams)))


_TEXT = Search(
    IssueRow.id,
    _has_words,
    _with_words,
    is_exact=True,
    guests=_SEEN_BY_GUESTS,
)
_TITLE = Search(
    IssueRow.id,
    lambda comparator, issues: compare(issues.c.title, comparator),
    _with_grams,
    is_exact=False,
    guests=_SEEN_BY_GUESTS,
)


def _has_identifier(
    comparator: IdentifierComparator, issues: FromClause, *, is_guest: bool = False
) -> ColumnElement[bool]:
    """Condition for the identifier, which is not stored: its key leads to the project.

    Project and number are in a unique index of issues, and in one of their former identifiers.
    """
    found = []
    for name, value in operands_of(comparator).items():
        if name == "starts_with":
            found.append(_starts_with(issues, value))
            continue
        is_named = _is_named if name in ("eq", "neq") else _is_named_among
        condition = is_named(issues, value, is_guest=is_guest)
        found.append(condition if name in ("eq", "in_") else condition.is_not(true()))
    return and_(true(), *found)


def _is_named(issues: FromClause, text: str | None, *, is_guest: bool) -> ColumnElement[bool]:
    wanted = None if text is None else Identifier.parsed(text)
    if wanted is None:
        return false()
    condition: ColumnElement[bool] = issues.c.id == found_by(wanted.key, wanted.number, is_guest=is_guest)
    return condition


def _is_named_among(issues: FromClause, texts: Sequence[str], *, is_guest: bool) -> ColumnElement[bool]:
    wanted = [found for found in map(Identifier.parsed, texts) if found is not None]
    # One array for each part, so that the number of values changes neither the statement nor its plan.
    keys = bindparam(None, [found.key for found in wanted], type_=ARRAY(Text(collation="C")), unique=True)
    numbers = bindparam(None, [found.number for found in wanted], type_=ARRAY(Integer), unique=True)
    parts = (column("key", Text(collation="C")), column("number", Integer))
    given = func.unnest(keys, numbers).table_valued(*parts).render_derived(name="given")
    condition: ColumnElement[bool] = issues.c.id.in_(found_among(given, is_guest=is_guest))
    return condition


def _starts_with(issues: FromClause, text: str) -> ColumnElement[bool]:
    if not text:
        return true()
    start = IdentifierStart.parsed(text)
    if start is None:
        return false()
    if not start.is_key_whole:
        return issues.c.project_id.in_(_projects().where(ProjectRow.key.startswith(start.key, autoescape=True)))
    numbers = or_(false(), *(issues.c.number.between(first, last) for first, last in start.ranges))
    return and_(issues.c.project_id == _with_key(start.key), numbers)


def _with_key(key: str) -> ColumnElement[str]:
    return _projects().where(ProjectRow.key == key).scalar_subquery()


def _projects() -> Select[str]:
    return select(ProjectRow.id).where(in_workspace(ProjectRow.workspace_id))


def _is_under_what_guests_see(comparator: IdComparator, issues: FromClause) -> ColumnElement[bool]:
    """Condition on the parent for guests, to whom an issue with a hidden parent has no parent."""
    above = IssueRow.__table__.alias()
    seen = select(above.c.id).where(in_workspace(above.c.workspace_id), in_guest_areas(above.c.project_id))
    conditions = []
    if isinstance(comparator.eq, str):
        # Whether the guest sees the parent is asked once, and the issues are read by the index of their parent.
        is_seen = seen.where(above.c.id == bindparam(None, comparator.eq, Text, unique=True)).exists()
        conditions += [compare(issues.c.parent_id, IdComparator(eq=comparator.eq)), is_seen]
        comparator = replace(comparator, eq=UNSET)
    if comparator.in_ is not None:
        # Implied by the condition on the visible parent, but only this one can use the index.
        conditions.append(compare(issues.c.parent_id, IdComparator(in_=comparator.in_)))
    if operands_of(comparator):
        conditions.append(compare(seen.where(above.c.id == issues.c.parent_id).scalar_subquery(), comparator))
    return and_(true(), *conditions)


_SCALARS = (
    "id",
    "number",
    "priority",
    "milestone_id",
    "parent_id",
    "start_date",
    "due_date",
    "estimate",
    "completed_at",
    "archived_at",
    "created_at",
    "updated_at",
)

# Users who have left the workspace remain creators and assignees, so its members would not be all of them.
_HAS_CREATED = exists().where(in_workspace(IssueRow.workspace_id), IssueRow.creator_id == UserRow.id)
_HAS_CREATED_WHAT_GUESTS_SEE = GuestRule(IssueRow.workspace_id, _HAS_CREATED.where(in_guest_areas(IssueRow.project_id)))
_IS_ASSIGNED = exists().where(in_workspace(IssueAssigneeRow.workspace_id), IssueAssigneeRow.user_id == UserRow.id)
_IS_ASSIGNED_WHAT_GUESTS_SEE = GuestRule(
    IssueRow.workspace_id,
    _IS_ASSIGNED.where(
        in_workspace(IssueRow.workspace_id),
        IssueRow.id == IssueAssigneeRow.issue_id,
        in_guest_areas(IssueRow.project_id),
    ),
)
_STATES_OF_GUESTS = GuestRule.of_areas(StateRow.workspace_id, StateRow.project_id)
_PROJECTS_OF_GUESTS = GuestRule.of_areas(ProjectRow.workspace_id, ProjectRow.id)
_MILESTONES_OF_GUESTS = GuestRule.of_areas(MilestoneRow.workspace_id, MilestoneRow.project_id)
_TO_ONE = {
    "state": ToSmallSet(
        IssueRow.state_id, StateRow.id, STATE_FILTERS, in_workspace(StateRow.workspace_id), _STATES_OF_GUESTS
    ),
    "project": ToSmallSet(
        IssueRow.project_id, ProjectRow.id, PROJECT_FILTERS, in_workspace(ProjectRow.workspace_id), _PROJECTS_OF_GUESTS
    ),
    "milestone": ToSmallSet(
        IssueRow.milestone_id,
        MilestoneRow.id,
        MILESTONE_FILTERS,
        in_workspace(MilestoneRow.workspace_id),
        _MILESTONES_OF_GUESTS,
    ),
    "creator": ToSmallSet(IssueRow.creator_id, UserRow.id, USER_FILTERS, _HAS_CREATED, _HAS_CREATED_WHAT_GUESTS_SEE),
}
_TO_MANY = {
    "assignees": ToMany(
        IssueRow.id,
        IssueAssigneeRow.issue_id,
        ToSmallSet(IssueAssigneeRow.user_id, UserRow.id, USER_FILTERS, _IS_ASSIGNED, _IS_ASSIGNED_WHAT_GUESTS_SEE),
    ),
    "labels": ToMany(
        IssueRow.id,
        IssueLabelRow.issue_id,
        ToSmallSet(IssueLabelRow.label_id, LabelRow.id, LABEL_FILTERS, in_workspace(LabelRow.workspace_id), None),
    ),
}


def _filters(**own: Condition) -> Filters:
    """Filters of issues; `own` conditions replace the comparison of a column."""
    scalars = {name: getattr(IssueRow, name) for name in _SCALARS if name not in own}
    conditions: Mapping[str, Condition] = {"text": _TEXT, "title": _TITLE, "identifier": _has_identifier, **own}
    return Filters(of=IssueFilter, scalars=scalars, to_one=_TO_ONE, to_many=_TO_MANY, own=conditions)


def _none_is_archived(comparator: DateTimeComparator, issues: FromClause) -> ColumnElement[bool]:
    """Condition for `archived_at` in a list of active issues. PostgreSQL would read all of them to find none."""
    met = {
        "eq": comparator.eq is None,
        "neq": comparator.neq is not None,
        "not_in": True,
        "is_null": comparator.is_null,
    }
    return true() if all(met.get(name, False) for name in operands_of(comparator)) else false()


def _some_are_archived(comparator: DateTimeComparator, issues: FromClause) -> ColumnElement[bool]:
    """Condition for `archived_at` in a list of active and archived issues, by the range of the archived ones."""
    is_active = issues.c.lifecycle == literal_column(f"{Lifecycle.ACTIVE:d}")
    is_archived = issues.c.lifecycle == literal_column(f"{Lifecycle.ARCHIVED:d}")
    return or_(
        and_(is_active, _none_is_archived(comparator, issues)),
        and_(is_archived, compare(issues.c.archived_at, comparator)),
    )


ISSUE_FILTERS = _filters()
_OF_GUESTS: Mapping[str, Condition] = {
    "parent_id": _is_under_what_guests_see,
    "identifier": partial(_has_identifier, is_guest=True),
}
ISSUE_FILTERS_OF_GUESTS = _filters(**_OF_GUESTS)
TRASH_FILTERS = ReaderFilters(ISSUE_FILTERS, ISSUE_FILTERS_OF_GUESTS)
ACTIVE_FILTERS = ReaderFilters(
    _filters(archived_at=_none_is_archived),
    _filters(archived_at=_none_is_archived, **_OF_GUESTS),
)
FILTERS_WITH_ARCHIVED = ReaderFilters(
    _filters(archived_at=_some_are_archived),
    _filters(archived_at=_some_are_archived, **_OF_GUESTS),
)
