from enum import IntEnum


class Condition(IntEnum):
    """Condition of a book; the numbers are the order."""

    POOR = 1
    FAIR = 2
    GOOD = 3
    MINT = 4


class Availability(IntEnum):
    """Part of its shelf's list that a book is in."""

    ON_SHELF = 0
    ARCHIVED = 1
