from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.issues.priorities import Priority
from domain.shared.many import BatchCommand
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET, Changes, PartOfChanges, Unset


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


class StateRule(StrEnum):
    """Rule that chooses the workflow state of a moved issue among those of its new project."""

    MATCH_BY_NAME = "MATCH_BY_NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMoveState:
    """The workflow state of a moved issue: the one with this id, or the one that the rule chooses."""

    id: str | None = None
    rule: StateRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMove(PartOfChanges):
    """A move to another project, where the issue gets a new number."""

    project_id: str
    state: IssueMoveState = IssueMoveState(rule=StateRule.MATCH_BY_NAME)

    @property
    def fields(self) -> tuple[str, ...]:
        # A state that a rule chooses follows from the present one, so it overwrites no other choice.
        return ("project_id",) if self.state.id is None else ("project_id", "state_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueBatchCreate(BatchCommand):
    """Issues to create in a project."""

    project_id: str
    issues: tuple[IssueDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueChanges(Changes):
    move: IssueMove | Unset = UNSET
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
