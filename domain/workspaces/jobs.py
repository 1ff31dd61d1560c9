from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMemberWelcome(Job):
    kind: ClassVar[str] = "workspaces.send_member_welcome"

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendInvitation(Job):
    kind: ClassVar[str] = "workspaces.send_invitation"

    invitation_id: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMemberRemoval(Job):
    """Mails a removed member. Names the user, because the membership no longer exists."""

    kind: ClassVar[str] = "workspaces.send_member_removal"

    workspace_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWorkspace(Job):
    """Deletes everything in a hidden workspace."""

    kind: ClassVar[str] = "workspaces.delete"
    is_long: ClassVar[bool] = True

    workspace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWorkspaceDeletion(Job):
    """Mails an owner of a deleted workspace. Contains its name, because the workspace no longer exists."""

    kind: ClassVar[str] = "workspaces.send_workspace_deletion"

    user_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOwnershipMoved(Job):
    """Mails one of the two users concerned by a transfer of ownership."""

    kind: ClassVar[str] = "workspaces.send_ownership_moved"

    workspace_id: str
    old_owner_id: str
    new_owner_id: str
    is_to_new_owner: bool
