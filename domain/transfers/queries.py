from enum import StrEnum

MOST_KINDS = 250
"""Kinds of loss that a run lists."""


class RunOrder(StrEnum):
    CREATED_AT = "created_at"


class LossOrder(StrEnum):
    LINE = "line"


class MappingOrder(StrEnum):
    KIND = "kind"
    SOURCE = "source"
