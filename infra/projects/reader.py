from collections.abc import Sequence

from sqlalchemy import bindparam, select

from domain.projects.model import Project, ProjectMember, State
from domain.projects.ports import Place
from domain.projects.queries import (
    ProjectMemberFilter,
    ProjectMemberOrder,
    ProjectMemberQuery,
    ProjectOrder,
    ProjectQuery,
)
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Page, PageRequest
from infra.db.entities import builder_of, columns_of
from infra.db.filters import Filters
from infra.db.read import ReadSession
from infra.db.reader import EntityTable, among_ids
from infra.db.visibility import GuestRule, guest_visibility, visibility, visible
from infra.projects.filters import PROJECT_FILTERS
from infra.projects.tables import ProjectRow, StateRow
from infra.workspaces.tables import ProjectMemberRow

_OF_GUESTS = GuestRule.of_projects(ProjectRow.workspace_id, ProjectRow.id)
_PROJECTS = EntityTable(
    ProjectRow,
    Project,
    orders=ProjectOrder,
    columns={ProjectOrder.KEY: ProjectRow.key, ProjectOrder.CREATED_AT: ProjectRow.created_at},
    filters=PROJECT_FILTERS,
    visible_by=ProjectRow.workspace_id,
    guests=_OF_GUESTS,
)
_PROJECTS_OF = {
    False: _PROJECTS.under(ProjectRow.workspace_id, ProjectRow.archived_at.is_(None), name="projects", default=DEFAULT),
    True: _PROJECTS.under(ProjectRow.workspace_id, name="projects, archived too", default=DEFAULT),
}
_BY_KEY = _PROJECTS.select.where(
    ProjectRow.workspace_id == bindparam("workspace_id"), ProjectRow.key == bindparam("key")
)
_BY_KEY_OF_GUESTS = _BY_KEY.where(_OF_GUESTS.anywhere)
_STATE_COLUMNS = columns_of(StateRow, State)
_STATES = select(*_STATE_COLUMNS)
_STATES_OF = _STATES.where(among_ids(StateRow.project_id)).order_by(StateRow.project_id, StateRow.position)
_STATES_BY_IDS = _STATES.where(among_ids(StateRow.id), visible(StateRow.workspace_id))
_STATES_BY_IDS_OF_GUESTS = _STATES.where(
    among_ids(StateRow.id), GuestRule.of_projects(StateRow.workspace_id, StateRow.project_id).anywhere
)
_PLACES = (
    select(*_STATE_COLUMNS, *columns_of(ProjectRow, Project))
    .join(ProjectRow, ProjectRow.id == StateRow.project_id)
    .where(among_ids(StateRow.id))
)
_MEMBERS = EntityTable(
    ProjectMemberRow,
    ProjectMember,
    orders=ProjectMemberOrder,
    columns={ProjectMemberOrder.CREATED_AT: ProjectMemberRow.created_at},
    filters=Filters(
        of=ProjectMemberFilter, scalars={"id": ProjectMemberRow.id, "member_id": ProjectMemberRow.member_id}
    ),
    visible_by=ProjectMemberRow.workspace_id,
    guests=GuestRule.of_projects(ProjectMemberRow.workspace_id, ProjectMemberRow.project_id),
)
_MEMBERS_OF = _MEMBERS.under(ProjectMemberRow.project_id, name="project members", default=DEFAULT_NESTED)
_build_state = builder_of(State)
_build_project = builder_of(Project, start=len(_STATE_COLUMNS))  # of a place


class SqlProjectReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Project]:
        return await _PROJECTS.by_ids(self._reads, actor, ids)

    async def by_key(self, actor: Actor, workspace_id: str, key: str) -> Project | None:
        named = {"workspace_id": workspace_id, "key": key}
        if actor.is_guest:
            rows = await self._reads.fetch(_BY_KEY_OF_GUESTS, **named, **guest_visibility(actor))
        else:
            rows = await self._reads.fetch(_BY_KEY, **named)
        return _PROJECTS.build(rows[0]) if rows else None

    async def pages_of(
        self, actor: Actor, workspace_ids: Sequence[str], query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[Project]]:
        projects = _PROJECTS_OF[query.includes_archived]
        return await projects.pages(
            self._reads, actor, workspace_ids, filter=query.filter, sort=query.sort, request=request
        )

    async def states_of(self, project_ids: Sequence[str]) -> Sequence[Sequence[State]]:
        found: dict[str, list[State]] = {project_id: [] for project_id in project_ids}
        for state in map(_build_state, await self._reads.fetch(_STATES_OF, ids=list(found))):
            found[state.project_id].append(state)
        return [found[project_id] for project_id in project_ids]

    async def states_by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, State]:
        if actor.is_guest:
            rows = await self._reads.fetch(_STATES_BY_IDS_OF_GUESTS, ids=list(ids), **guest_visibility(actor))
        else:
            rows = await self._reads.fetch(_STATES_BY_IDS, ids=list(ids), **visibility(actor))
        return {row[0]: _build_state(row) for row in rows}

    async def places(self, state_ids: Sequence[str]) -> dict[str, Place]:
        rows = await self._reads.fetch(_PLACES, ids=list(state_ids))
        return {row[0]: Place(state=_build_state(row), project=_build_project(row)) for row in rows}


class SqlProjectMemberReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, ProjectMember]:
        return await _MEMBERS.by_ids(self._reads, actor, ids)

    async def pages_of(
        self, actor: Actor, project_ids: Sequence[str], query: ProjectMemberQuery, request: PageRequest
    ) -> Sequence[Page[ProjectMember]]:
        return await _MEMBERS_OF.pages(
            self._reads, actor, project_ids, filter=query.filter, sort=query.sort, request=request
        )
