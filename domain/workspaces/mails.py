from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.mail import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWelcome(Letter):
    """Sent to a user who was added to a workspace."""

    kind: ClassVar[str] = "workspaces.member_welcome"

    person: str
    workspace: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceInvitation(Letter):
    """Sent to the invited address, with identical text whether or not it has an account."""

    kind: ClassVar[str] = "workspaces.workspace_invitation"

    inviter: str
    workspace: str
    role: str
    expires_at: datetime
    url: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoval(Letter):
    """Sent to a user who was removed from a workspace by others."""

    kind: ClassVar[str] = "workspaces.member_removal"

    person: str
    workspace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipMoved(Letter):
    """Sent to the former and the new owner after a transfer of ownership."""

    kind: ClassVar[str] = "workspaces.ownership_moved"

    person: str
    workspace: str
    old_owner: str
    new_owner: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDeletion(Letter):
    """Sent to the owners of a workspace that was deleted with everything in it."""

    kind: ClassVar[str] = "workspaces.workspace_deletion"

    person: str
    workspace: str
