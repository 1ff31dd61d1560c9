from typing import ClassVar

from domain.shared.events import Event


class ProjectEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("key", "name", "archived_at", "deleting_since")


class ProjectCreated(ProjectEvent):
    type: ClassVar[str] = "project.created"


class ProjectUpdated(ProjectEvent):
    type: ClassVar[str] = "project.updated"


class ProjectArchived(ProjectEvent):
    type: ClassVar[str] = "project.archived"


class ProjectRestored(ProjectEvent):
    type: ClassVar[str] = "project.restored"


class ProjectDeleted(ProjectEvent):
    type: ClassVar[str] = "project.deleted"


class StateEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("name", "category", "color", "position", "deleting_since", "replaced_by_id")


class StateCreated(StateEvent):
    type: ClassVar[str] = "state.created"


class StateUpdated(StateEvent):
    type: ClassVar[str] = "state.updated"


class StateDeleted(StateEvent):
    type: ClassVar[str] = "state.deleted"
    linked: ClassVar[tuple[str, ...]] = ("replaced_by",)


class ProjectMemberEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("member_id",)


class ProjectMemberAdded(ProjectMemberEvent):
    type: ClassVar[str] = "project_member.added"


class ProjectMemberRemoved(ProjectMemberEvent):
    type: ClassVar[str] = "project_member.removed"
