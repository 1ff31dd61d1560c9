from dataclasses import dataclass
from enum import StrEnum

from domain.accounts.queries import UserFilter
from domain.comments.model import Comment
from domain.shared.filters import DateTimeComparator, IdComparator, TextComparator, ids_of
from domain.shared.pages import Sort


class CommentOrder(StrEnum):
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFilter:
    and_: "tuple[CommentFilter, ...] | None" = None
    or_: "tuple[CommentFilter, ...] | None" = None
    not_: "CommentFilter | None" = None
    id: IdComparator | None = ids_of(Comment.prefix)
    body: TextComparator | None = None
    author: UserFilter | None = None
    created_at: DateTimeComparator | None = None


DEFAULT_ORDER = (Sort(by=CommentOrder.CREATED_AT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentQuery:
    """Filter and order of a list of comments. Deleted comments stay in it as tombstones."""

    filter: CommentFilter = CommentFilter()
    sort: tuple[Sort[CommentOrder], ...] = DEFAULT_ORDER
