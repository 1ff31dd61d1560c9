from dataclasses import dataclass

from domain.shared.unset import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDraft:
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChanges:
    slug: str | Unset = UNSET
    name: str | Unset = UNSET
