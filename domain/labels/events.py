from typing import ClassVar

from domain.shared.events import Event


class LabelCreated(Event):
    type: ClassVar[str] = "label.created"


class LabelUpdated(Event):
    type: ClassVar[str] = "label.updated"


class LabelDeleted(Event):
    type: ClassVar[str] = "label.deleted"
