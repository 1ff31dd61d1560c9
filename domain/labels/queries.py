from dataclasses import dataclass
from enum import StrEnum

from domain.labels.model import Label
from domain.shared.filters import IdComparator, TextComparator, ids_of
from domain.shared.pages import Sort


class LabelOrder(StrEnum):
    NAME = "name"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFilter:
    and_: "tuple[LabelFilter, ...] | None" = None
    or_: "tuple[LabelFilter, ...] | None" = None
    not_: "LabelFilter | None" = None
    id: IdComparator | None = ids_of(Label.prefix)
    name: TextComparator | None = None


DEFAULT_ORDER = (Sort(by=LabelOrder.NAME),)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQuery:
    filter: LabelFilter = LabelFilter()
    sort: tuple[Sort[LabelOrder], ...] = DEFAULT_ORDER
