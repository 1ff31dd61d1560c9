from typing import ClassVar

from domain.shared.events import Event


class BatchRunEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("kind", "subject_id", "target_id")


class BatchStarted(BatchRunEvent):
    type: ClassVar[str] = "batch.started"
