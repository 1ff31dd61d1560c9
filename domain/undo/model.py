"""Results of undos."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.shared.many import BatchResult, RowResult


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneObject(RowResult[Any]):
    """Result of an undo for one object: the changes that it made, and errors for what it left as it was."""

    subject_id: str


UndoResult: TypeAlias = BatchResult[Any]
"""Result of an undo, whose rows are objects of any kind."""
