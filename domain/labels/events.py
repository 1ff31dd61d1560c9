from typing import ClassVar

from domain.shared.events import Event


class LabelEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("name", "color", "description", "deleting_since", "replaced_by_id")


class LabelCreated(LabelEvent):
    type: ClassVar[str] = "label.created"


class LabelUpdated(LabelEvent):
    type: ClassVar[str] = "label.updated"


class LabelDeleted(LabelEvent):
    linked: ClassVar[tuple[str, ...]] = ("replaced_by",)
    type: ClassVar[str] = "label.deleted"
