from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from domain.projects.model import Project, ProjectMember, State
from domain.projects.ports import StateInProject
from domain.projects.queries import (
    ProjectMemberFilter,
    ProjectMemberOrder,
    ProjectMemberQuery,
    ProjectOrder,
    ProjectQuery,
)
from domain.shared import letters
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Page, PageRequest
from domain.shared.projections import Projection
from domain.workspaces.model import Workspace
from infra.db.entities import builder_of, columns_of
from infra.db.filters import Filters
from infra.db.parents import ids_by_workspace, ids_of, lists_by_workspace
from infra.db.projected import NamedColumns
from infra.db.read import ReadSession
from infra.db.reader import EntityTable, among_ids
from infra.db.rows_by_ids import RowsByIds
from infra.db.visibility import GuestRule, guest_visibility_in, in_workspace
from infra.projects.filters import PROJECT_FILTERS
from infra.projects.tables import ProjectRow, StateRow
from infra.workspaces.tables import AreaGrantRow

_OF_GUESTS = GuestRule.of_areas(ProjectRow.workspace_id, ProjectRow.id)
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
    False: _PROJECTS.children_of(
        ProjectRow.workspace_id, ProjectRow.archived_at.is_(None), name="projects", default=DEFAULT
    ),
    True: _PROJECTS.children_of(ProjectRow.workspace_id, name="projects, archived too", default=DEFAULT),
}
_BY_KEY = _PROJECTS.select.where(in_workspace(ProjectRow.workspace_id), ProjectRow.key == bindparam("key"))
_BY_KEY_OF_GUESTS = _BY_KEY.where(_OF_GUESTS.within)
_STATE_COLUMNS = columns_of(StateRow, State)
_STATES = select(*_STATE_COLUMNS)
_STATES_OF = _STATES.where(in_workspace(StateRow.workspace_id), among_ids(StateRow.project_id)).order_by(
    StateRow.project_id, StateRow.position
)
_STATES_OF_GUESTS = GuestRule.of_areas(StateRow.workspace_id, StateRow.project_id)
_STATES_BY_IDS = RowsByIds(_STATES, StateRow.id, StateRow.workspace_id, _STATES_OF_GUESTS)
_STATES_WITH_PROJECTS = select(*_STATE_COLUMNS, *columns_of(ProjectRow, Project)).join(
    ProjectRow, (ProjectRow.workspace_id == StateRow.workspace_id) & (ProjectRow.id == StateRow.project_id)
)
_WITH_PROJECTS_BY_IDS = RowsByIds(_STATES_WITH_PROJECTS, StateRow.id, StateRow.workspace_id, _STATES_OF_GUESTS)
_MEMBERS = EntityTable(
    AreaGrantRow,
    ProjectMember,
    orders=ProjectMemberOrder,
    columns={ProjectMemberOrder.CREATED_AT: AreaGrantRow.created_at},
    filters=Filters(of=ProjectMemberFilter, scalars={"id": AreaGrantRow.id, "member_id": AreaGrantRow.member_id}),
    visible_by=AreaGrantRow.workspace_id,
    guests=GuestRule.of_areas(AreaGrantRow.workspace_id, AreaGrantRow.area_id),
)
_MEMBERS_OF = _MEMBERS.children_of(AreaGrantRow.area_id, name="project members", default=DEFAULT_NESTED)
_OF_STATES = NamedColumns.of(StateRow, State)
_OF_STATES_IN_PROJECTS = NamedColumns.of_parts(state=_OF_STATES, project=_PROJECTS.columns)
_build_state = builder_of(State)
_build_project = builder_of(Project, start=len(_STATE_COLUMNS))  # behind the state


class SqlProjectReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Project]:
        return await _PROJECTS.by_ids(self._reads, actor, ids, projection)

    async def by_key(self, actor: Actor, workspace: Workspace, key: str) -> Project | None:
        named = {"workspace_id": workspace.id, "key": letters.upper(key)}
        await actor.reach_workspaces((workspace.id,))
        if actor.is_guest_in(workspace.id):
            rows = await self._reads.fetch(_BY_KEY_OF_GUESTS, **named, **guest_visibility_in(actor, workspace.id))
        else:
            rows = await self._reads.fetch(_BY_KEY, **named)
        return _PROJECTS.build(rows[0]) if rows else None

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[Project]]:
        projects = _PROJECTS_OF[query.includes_archived]
        return await projects.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )


class SqlStateReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, State]:
        if projection is not None:
            return await _STATES_BY_IDS.fetch_keyed(self._reads, actor, ids, _OF_STATES, projection)
        return {row[0]: _build_state(row) for row in await _STATES_BY_IDS.fetch(self._reads, actor, ids)}

    async def with_projects_by_ids(
        self, actor: Actor, ids: Sequence[str], projection: Projection = None
    ) -> Mapping[str, StateInProject]:
        if projection is not None:
            return await _WITH_PROJECTS_BY_IDS.fetch_keyed(self._reads, actor, ids, _OF_STATES_IN_PROJECTS, projection)
        rows = await _WITH_PROJECTS_BY_IDS.fetch(self._reads, actor, ids)
        return {row[0]: StateInProject(state=_build_state(row), project=_build_project(row)) for row in rows}

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], projection: Projection = None
    ) -> Sequence[Sequence[State]]:
        if projection is not None:
            of = StateRow.project_id
            return await lists_by_workspace(self._reads, projects, _STATES_OF, _OF_STATES, projection, parent=of)
        found: dict[str, list[State]] = {project.id: [] for project in projects}
        for workspace_id, ids in ids_by_workspace(projects, ids_of(projects)).items():
            rows = await self._reads.fetch(_STATES_OF, workspace_id=workspace_id, ids=ids)
            for state in map(_build_state, rows):
                found[state.project_id].append(state)
        return [found[project.id] for project in projects]


class SqlProjectMemberReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(
        self, actor: Actor, ids: Sequence[str], projection: Projection = None
    ) -> Mapping[str, ProjectMember]:
        return await _MEMBERS.by_ids(self._reads, actor, ids, projection)

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: ProjectMemberQuery, request: PageRequest
    ) -> Sequence[Page[ProjectMember]]:
        return await _MEMBERS_OF.pages(
            self._reads, actor, projects, filter=query.filter, sort=query.sort, request=request
        )
