"""Priorities of issues, ordered by their numbers."""

from enum import IntEnum


class Priority(IntEnum):
    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4
