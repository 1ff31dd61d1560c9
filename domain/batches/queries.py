from enum import StrEnum


class BatchRunOrder(StrEnum):
    CREATED_AT = "created_at"


class BatchSkipOrder(StrEnum):
    INDEX = "index"
