from enum import StrEnum

from domain.shared.pages import Sort


class CommentOrder(StrEnum):
    CREATED_AT = "created_at"


DEFAULT_ORDER = (Sort(by=CommentOrder.CREATED_AT),)
