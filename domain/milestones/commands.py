from dataclasses import dataclass
from datetime import date

from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneDraft:
    project_id: str
    name: str
    due_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneChanges(Changes):
    name: str | Unset = UNSET
    due_date: date | Unset | None = UNSET
