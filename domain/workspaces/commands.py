from dataclasses import dataclass

from domain.shared.actor import Role
from domain.shared.unset import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDraft:
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChanges:
    slug: str | Unset = UNSET
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationDraft:
    """For whoever has this address; without one, for whoever is given the link. Guests come into these projects."""

    workspace_id: str
    email: str | None = None
    role: Role
    project_ids: tuple[str, ...] = ()
