from dataclasses import dataclass
from enum import StrEnum

from domain.accounts.queries import UserFilter
from domain.shared.actor import Role
from domain.shared.filters import IdComparator, OrderComparator, ids_of
from domain.shared.pages import Sort
from domain.workspaces.model import Member


class WorkspaceOrder(StrEnum):
    SLUG = "slug"


class MemberOrder(StrEnum):
    CREATED_AT = "created_at"


class InvitationOrder(StrEnum):
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFilter:
    and_: "tuple[MemberFilter, ...] | None" = None
    or_: "tuple[MemberFilter, ...] | None" = None
    not_: "MemberFilter | None" = None
    id: IdComparator | None = ids_of(Member.prefix)
    role: OrderComparator[Role] | None = None
    user: UserFilter | None = None


DEFAULT_ORDER = (Sort(by=MemberOrder.CREATED_AT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberQuery:
    filter: MemberFilter = MemberFilter()
    sort: tuple[Sort[MemberOrder], ...] = DEFAULT_ORDER
