from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.mail import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWelcome(Letter):
    """To somebody who has been added to a workspace."""

    kind: ClassVar[str] = "workspaces.member_welcome"

    person: str
    workspace: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceInvitation(Letter):
    """To whoever reads the invited address: the same with and without an account."""

    kind: ClassVar[str] = "workspaces.workspace_invitation"

    inviter: str
    workspace: str
    role: str
    expires_at: datetime
    url: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoval(Letter):
    """To somebody whom others have removed from a workspace."""

    kind: ClassVar[str] = "workspaces.member_removal"

    person: str
    workspace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipMoved(Letter):
    """To both people whom the transfer of a workspace concerns."""

    kind: ClassVar[str] = "workspaces.ownership_moved"

    person: str
    workspace: str
    old_owner: str
    new_owner: str
    url: str
