from typing import ClassVar, Self

from domain.shared.events import Event, FieldChange, changes_between


class BatchRunEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("kind", "subject_id", "target_id")


class BatchStarted(BatchRunEvent):
    type: ClassVar[str] = "batch.started"

    @classmethod
    def of(cls, kind: str, run: object, *options: str, workspace_id: str, subject_id: str) -> Self:
        """The start of a job that is no batch run, with the named options of its run."""
        changes = {"kind": FieldChange(after=kind)} | changes_between(None, run, options)
        return cls(workspace_id=workspace_id, subject_id=subject_id, changes=changes)
