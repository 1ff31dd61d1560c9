from dataclasses import dataclass
from enum import StrEnum

from domain.milestones.model import Milestone
from domain.shared.filters import DateComparator, IdComparator, TextComparator, ids_of
from domain.shared.pages import Sort


class MilestoneOrder(StrEnum):
    DUE_DATE = "due_date"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneFilter:
    and_: "tuple[MilestoneFilter, ...] | None" = None
    or_: "tuple[MilestoneFilter, ...] | None" = None
    not_: "MilestoneFilter | None" = None
    id: IdComparator | None = ids_of(Milestone.prefix)
    name: TextComparator | None = None
    due_date: DateComparator | None = None


DEFAULT_ORDER = (Sort(by=MilestoneOrder.DUE_DATE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneQuery:
    filter: MilestoneFilter = MilestoneFilter()
    sort: tuple[Sort[MilestoneOrder], ...] = DEFAULT_ORDER
