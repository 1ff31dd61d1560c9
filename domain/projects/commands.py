from dataclasses import dataclass

from domain.projects.categories import StateCategory
from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDraft:
    workspace_id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanges(Changes):
    key: str | Unset = UNSET
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDraft:
    project_id: str
    name: str
    category: StateCategory
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanges(Changes):
    name: str | Unset = UNSET
    color: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOrderChanges(Changes):
    """A new order of all workflow states of a project."""

    state_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMemberDraft:
    """Access of a workspace guest to a project."""

    project_id: str
    member_id: str
