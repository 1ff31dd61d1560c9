from typing import ClassVar, Self

from domain.shared.events import Event, FieldChange


class ChangeSetUndone(Event):
    """The change set of the event undid an earlier one, but for a number of objects that it skipped."""

    logged: ClassVar[tuple[str, ...]] = ("change_set", "skipped_count")
    type: ClassVar[str] = "change_set.undone"

    @classmethod
    def of(cls, workspace_id: str, change_set: int, *, skipped_count: int) -> Self:
        changes = {"change_set": FieldChange(after=change_set), "skipped_count": FieldChange(after=skipped_count)}
        return cls(workspace_id=workspace_id, subject_id=workspace_id, changes=changes)
