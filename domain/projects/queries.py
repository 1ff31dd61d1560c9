from dataclasses import dataclass
from enum import StrEnum

from domain.projects.categories import StateCategory
from domain.projects.model import Project, ProjectMember, State
from domain.shared.filters import DateTimeComparator, EnumComparator, IdComparator, TextComparator, ids_of
from domain.shared.pages import Sort
from domain.workspaces.model import Member


class ProjectOrder(StrEnum):
    KEY = "key"
    CREATED_AT = "created_at"


class ProjectMemberOrder(StrEnum):
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFilter:
    and_: "tuple[ProjectFilter, ...] | None" = None
    or_: "tuple[ProjectFilter, ...] | None" = None
    not_: "ProjectFilter | None" = None
    id: IdComparator | None = ids_of(Project.prefix)
    key: TextComparator | None = None
    name: TextComparator | None = None
    archived_at: DateTimeComparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFilter:
    and_: "tuple[StateFilter, ...] | None" = None
    or_: "tuple[StateFilter, ...] | None" = None
    not_: "StateFilter | None" = None
    id: IdComparator | None = ids_of(State.prefix)
    name: TextComparator | None = None
    category: EnumComparator[StateCategory] | None = None


DEFAULT_ORDER = (Sort(by=ProjectOrder.KEY),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectQuery:
    """Filter and order of a list of projects. Excludes archived projects by default."""

    filter: ProjectFilter = ProjectFilter()
    sort: tuple[Sort[ProjectOrder], ...] = DEFAULT_ORDER
    includes_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMemberFilter:
    and_: "tuple[ProjectMemberFilter, ...] | None" = None
    or_: "tuple[ProjectMemberFilter, ...] | None" = None
    not_: "ProjectMemberFilter | None" = None
    id: IdComparator | None = ids_of(ProjectMember.prefix)
    member_id: IdComparator | None = ids_of(Member.prefix)


MEMBERS_DEFAULT_ORDER = (Sort(by=ProjectMemberOrder.CREATED_AT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMemberQuery:
    filter: ProjectMemberFilter = ProjectMemberFilter()
    sort: tuple[Sort[ProjectMemberOrder], ...] = MEMBERS_DEFAULT_ORDER
