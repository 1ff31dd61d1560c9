from typing import ClassVar

from domain.shared.events import Event


class MilestoneEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("name", "due_date", "deleting_since", "replaced_by_id")


class MilestoneCreated(MilestoneEvent):
    type: ClassVar[str] = "milestone.created"


class MilestoneUpdated(MilestoneEvent):
    type: ClassVar[str] = "milestone.updated"


class MilestoneDeleted(MilestoneEvent):
    type: ClassVar[str] = "milestone.deleted"
    linked: ClassVar[tuple[str, ...]] = ("replaced_by",)
