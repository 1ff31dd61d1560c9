from enum import StrEnum


class RunOrder(StrEnum):
    CREATED_AT = "created_at"


class LossOrder(StrEnum):
    LINE = "line"


class MappingOrder(StrEnum):
    KIND = "kind"
    SOURCE = "source"
