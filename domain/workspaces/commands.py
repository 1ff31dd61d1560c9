from dataclasses import dataclass

from domain.shared.actor import Role
from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDraft:
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChanges(Changes):
    slug: str | Unset = UNSET
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanges(Changes):
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationDraft:
    """An invitation to this address, or by link without one. Guests join these areas."""

    workspace_id: str
    email: str | None = None
    role: Role
    area_ids: tuple[str, ...] = ()
