"""Port: a trace of the statements sent to the database, for developers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SentStatement:
    """Text of a statement with placeholders instead of values; `rows` is -1 if the database reports no count."""

    text: str
    milliseconds: float
    rows: int
    is_write: bool
    arguments: Sequence[Any] = field(default=(), repr=False)
    """Values of the placeholders, for reads only."""


class StatementTrace(Protocol):
    def __call__(self) -> AbstractContextManager[Sequence[SentStatement]]:
        """Records every statement sent inside the block, also by tasks started in it."""
        ...
