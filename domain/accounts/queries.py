from dataclasses import dataclass

from domain.shared.filters import IdComparator, TextComparator


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    and_: "tuple[UserFilter, ...] | None" = None
    or_: "tuple[UserFilter, ...] | None" = None
    not_: "UserFilter | None" = None
    id: IdComparator | None = None
    name: TextComparator | None = None
