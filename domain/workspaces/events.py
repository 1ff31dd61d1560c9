from typing import ClassVar

from domain.shared.events import Event


class WorkspaceEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("slug", "name")


class WorkspaceCreated(WorkspaceEvent):
    type: ClassVar[str] = "workspace.created"


class WorkspaceUpdated(WorkspaceEvent):
    type: ClassVar[str] = "workspace.updated"


class WorkspaceDeleted(WorkspaceEvent):
    type: ClassVar[str] = "workspace.deleted"


class MemberEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("user_id", "role")


class MemberAdded(MemberEvent):
    type: ClassVar[str] = "member.added"


class MemberUpdated(MemberEvent):
    type: ClassVar[str] = "member.updated"


class MemberClaimed(MemberEvent):
    """A member adopted the content and assignments of a placeholder."""

    type: ClassVar[str] = "member.claimed"


class MemberRemoved(MemberEvent):
    type: ClassVar[str] = "member.removed"


class InvitationEvent(Event):
    logged: ClassVar[tuple[str, ...]] = (
        "role",
        "area_ids",
        "created_by_id",
        "expires_at",
        "accepted_at",
        "accepted_by_id",
        "revoked_at",
    )


class InvitationCreated(InvitationEvent):
    type: ClassVar[str] = "invitation.created"


class InvitationResent(InvitationEvent):
    type: ClassVar[str] = "invitation.resent"


class InvitationAccepted(InvitationEvent):
    type: ClassVar[str] = "invitation.accepted"


class InvitationRevoked(InvitationEvent):
    type: ClassVar[str] = "invitation.revoked"
