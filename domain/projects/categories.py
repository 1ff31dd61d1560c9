"""The five kinds of workflow state that every tracker shares."""

from enum import StrEnum


class StateCategory(StrEnum):
    BACKLOG = "BACKLOG"
    UNSTARTED = "UNSTARTED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_closed(self) -> bool:
        return self in (StateCategory.COMPLETED, StateCategory.CANCELED)
