from dataclasses import dataclass

from domain.shared.many import BatchCommand
from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDraft:
    name: str
    color: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBatchCreate(BatchCommand):
    """Labels to create in a workspace."""

    workspace_id: str
    labels: tuple[LabelDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChanges(Changes):
    name: str | Unset = UNSET
    color: str | Unset = UNSET
    description: str | Unset | None = UNSET
