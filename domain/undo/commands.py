from dataclasses import dataclass
from enum import StrEnum


class OnConflict(StrEnum):
    """Treatment of changes that cannot be undone."""

    REFUSE = "REFUSE"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetUndo:
    workspace_id: str
    change_set: int
    on_conflict: OnConflict = OnConflict.REFUSE
    dry_run: bool = False
