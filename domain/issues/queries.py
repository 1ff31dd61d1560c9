"""Filters and sort keys of issue lists: data only, interpreted in infra."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.accounts.queries import UserFilter
from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.labels.queries import LabelFilter
from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneFilter
from domain.projects.queries import ProjectFilter, StateFilter
from domain.shared.filters import (
    DateComparator,
    DateTimeComparator,
    IdComparator,
    IdentifierComparator,
    IntComparator,
    ListComparator,
    OrderComparator,
    TextComparator,
    ids_of,
)
from domain.shared.pages import Direction, Sort


class IssueOrder(StrEnum):
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PRIORITY = "priority"
    NUMBER = "number"
    DUE_DATE = "due_date"


_ALWAYS = ((IssueOrder.CREATED_AT,), (IssueOrder.UPDATED_AT,), (IssueOrder.PRIORITY,), (IssueOrder.DUE_DATE,))
INDEXED_ORDERS: Mapping[str, tuple[tuple[IssueOrder, ...], ...]] = MappingProxyType(
    {
        "workspace_id": _ALWAYS,
        "project_id": (*_ALWAYS, (IssueOrder.NUMBER,)),
        "milestone_id": ((IssueOrder.CREATED_AT,),),
        "parent_id": ((IssueOrder.CREATED_AT,),),
    }
)
"""Orders that have an index, by the field of the list's parent. Each is completed by `CREATED_AT`."""
COVERED_LISTS = frozenset({"milestone_id", "parent_id"})
"""Parents of lists whose index also has the other sort keys, so that other orders are sorted in it."""

DEFAULT_ORDER = (Sort(by=IssueOrder.CREATED_AT, direction=Direction.DESC),)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFilter:
    """`text` finds whole words in title and description."""

    and_: "tuple[IssueFilter, ...] | None" = None
    or_: "tuple[IssueFilter, ...] | None" = None
    not_: "IssueFilter | None" = None
    id: IdComparator | None = ids_of(Issue.prefix)
    identifier: IdentifierComparator | None = None
    number: IntComparator | None = None
    title: TextComparator | None = None
    text: str | None = None
    priority: OrderComparator[Priority] | None = None
    state: StateFilter | None = None
    project: ProjectFilter | None = None
    creator: UserFilter | None = None
    assignees: ListComparator[UserFilter] | None = None
    labels: ListComparator[LabelFilter] | None = None
    milestone: MilestoneFilter | None = None
    milestone_id: IdComparator | None = ids_of(Milestone.prefix)
    parent_id: IdComparator | None = ids_of(Issue.prefix)
    start_date: DateComparator | None = None
    due_date: DateComparator | None = None
    estimate: IntComparator | None = None
    completed_at: DateTimeComparator | None = None
    archived_at: DateTimeComparator | None = None
    created_at: DateTimeComparator | None = None
    updated_at: DateTimeComparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueQuery:
    """Filter and order of a list of issues. Excludes trashed issues, and archived ones by default."""

    filter: IssueFilter = IssueFilter()
    sort: tuple[Sort[IssueOrder], ...] = DEFAULT_ORDER
    includes_archived: bool = False
    is_trash: bool = False
