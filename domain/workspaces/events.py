from typing import ClassVar

from domain.shared.events import Event


class WorkspaceCreated(Event):
    type: ClassVar[str] = "workspace.created"


class WorkspaceUpdated(Event):
    type: ClassVar[str] = "workspace.updated"


class WorkspaceDeleted(Event):
    type: ClassVar[str] = "workspace.deleted"


class MemberAdded(Event):
    type: ClassVar[str] = "member.added"


class MemberUpdated(Event):
    type: ClassVar[str] = "member.updated"


class MemberRemoved(Event):
    type: ClassVar[str] = "member.removed"
