"""Port: which statements a piece of work sends to the database, for whoever develops it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SentStatement:
    """Its text with numbered places for values, never the values; `rows` is -1 where the database does not say."""

    text: str
    milliseconds: float
    rows: int
    is_write: bool


class StatementTrace(Protocol):
    def __call__(self) -> AbstractContextManager[Sequence[SentStatement]]:
        """Grows with every statement that is sent inside, also by tasks that begin there."""
        ...
