from typing import ClassVar

from domain.shared.events import Event


class ProjectCreated(Event):
    type: ClassVar[str] = "project.created"


class ProjectUpdated(Event):
    type: ClassVar[str] = "project.updated"


class ProjectArchived(Event):
    type: ClassVar[str] = "project.archived"


class ProjectRestored(Event):
    type: ClassVar[str] = "project.restored"


class ProjectDeleted(Event):
    type: ClassVar[str] = "project.deleted"


class StateCreated(Event):
    type: ClassVar[str] = "state.created"


class StateUpdated(Event):
    type: ClassVar[str] = "state.updated"


class StateDeleted(Event):
    type: ClassVar[str] = "state.deleted"
