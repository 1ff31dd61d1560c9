from enum import StrEnum


class RankedEnum(StrEnum):
    """Names with an order, declared from the highest to the lowest; to compare two, compare their ranks."""

    @property
    def rank(self) -> int:
        return -list(type(self)).index(self)
