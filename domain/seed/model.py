"""Demo data before it has ids: people, labels and projects are named by their place in the plan's lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.accounts.model import User
from domain.issues.priorities import Priority
from domain.labels.model import Label
from domain.projects.model import Project, State
from domain.shared.actor import Role
from domain.workspaces.model import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPerson:
    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLabel:
    name: str
    color: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProject:
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Contents of a workspace before its issues; the first person is the owner."""

    name: str
    begins_at: datetime
    people: Sequence[PlannedPerson]
    labels: Sequence[PlannedLabel]
    projects: Sequence[PlannedProject]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedComment:
    author: int
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIssue:
    """`state` is the place in the usual states; `parent_number` is an earlier issue of the same project."""

    project: int
    number: int
    title: str
    description: str
    state: int
    priority: Priority
    creator: int
    assignees: tuple[int, ...]
    labels: tuple[int, ...]
    parent_number: int | None
    due_date: date | None
    estimate: int | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    comments: tuple[PlannedComment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRun:
    """Demo data that is being created: `done` of `size` issues are stored, and the data ends at `ends_at`.

    `change_set` is the revision of the commit that began it.
    """

    workspace_id: str
    change_set: int = 0
    size: int
    done: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScene:
    """Objects of an interrupted run, apart from issues and comments."""

    workspace: Workspace
    people: Sequence[User]
    labels: Sequence[Label]
    projects: Sequence[Project]
    states: Sequence[State]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOutcome:
    """Counts of rows that this call created, all zero if the workspace was there; `has_owner`: its account exists."""

    is_new: bool
    has_owner: bool = True
    people: int = 0
    issues: int = 0
    comments: int = 0
