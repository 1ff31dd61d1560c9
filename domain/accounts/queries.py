from dataclasses import dataclass

from domain.accounts.model import User
from domain.shared.filters import IdComparator, TextComparator, ids_of


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    and_: "tuple[UserFilter, ...] | None" = None
    or_: "tuple[UserFilter, ...] | None" = None
    not_: "UserFilter | None" = None
    id: IdComparator | None = ids_of(User.prefix)
    name: TextComparator | None = None
