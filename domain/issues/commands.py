from dataclasses import dataclass
from datetime import date

from domain.issues.priorities import Priority
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueDraft:
    """Values of a new issue. Without a state the issue starts in the project's first state."""

    title: str
    description: str = ""
    state_id: str | None = None
    priority: Priority = Priority.NONE
    start_date: date | None = None
    due_date: date | None = None
    estimate: int | None = None
    milestone_id: str | None = None
    parent_id: str | None = None
    assignee_ids: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueChanges(Changes):
    title: str | Unset = UNSET
    description: str | Unset = UNSET
    state_id: str | Unset = UNSET
    priority: Priority | Unset = UNSET
    start_date: date | Unset | None = UNSET
    due_date: date | Unset | None = UNSET
    estimate: int | Unset | None = UNSET
    milestone_id: str | Unset | None = UNSET
    parent_id: str | Unset | None = UNSET
    assignees: SetChange | Unset = UNSET
    labels: SetChange | Unset = UNSET
