from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.projects.events import ProjectMemberAdded, ProjectMemberRemoved
from domain.projects.model import Project, ProjectMember, ProjectMemberId, State
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, ErrorCode, NotFound
from domain.shared.events import Event
from domain.shared.ids import IdFactory
from domain.workspaces.model import Member
from infra.audit.repository import SqlDeletedObjects
from infra.db.arrays import among, among_values
from infra.db.list_sizes import ListSizes
from infra.db.repository import SqlParentRepository, SqlTenantRepository
from infra.db.visibility import GuestRule, in_workspace
from infra.db.write_connection import Connection
from infra.projects.tables import ProjectKeyRow, ProjectNumberRow, ProjectRow, StateRow
from infra.workspaces.tables import AreaGrantRow

_COUNTER = upsert(ProjectNumberRow)
_TAKE_NUMBERS = _COUNTER.on_conflict_do_update(
    index_elements=[ProjectNumberRow.workspace_id, ProjectNumberRow.project_id],
    set_={"number": ProjectNumberRow.number + _COUNTER.excluded.number},
).returning(ProjectNumberRow.number)

KEY_TAKEN = "Another project of the workspace has or had this key. Choose a different key."


class SqlProjectRepository(SqlParentRepository[Project]):
    table = ProjectRow
    entity = Project
    guests = GuestRule.of_areas(ProjectRow.workspace_id, ProjectRow.id)
    conflicts = {
        "uq_project_workspace_id_key": ("key", KEY_TAKEN),
        "pk_project_key": ("key", KEY_TAKEN),
        "fk_milestone_workspace_id_project_id": (
            "id",
            "A project with milestones is deleted only with `cascade: true`, which deletes its milestones too.",
        ),
    }

    async def add_all(self, entities: Collection[Project]) -> None:
        await super().add_all(entities)
        if entities:
            await self._guarded(insert(ProjectKeyRow), [_key_row(project) for project in entities])

    async def save(self, before: Project, after: Project) -> None:
        await super().save(before, after)
        if after.key == before.key:
            return
        theirs = (ProjectKeyRow.workspace_id == before.workspace_id) & (ProjectKeyRow.key == before.key)
        await self._connection.execute(update(ProjectKeyRow).where(theirs).values(until=after.updated_at))
        # A former key of its own is taken back; that of another project is reserved.
        new = upsert(ProjectKeyRow).values(_key_row(after))
        taken = new.on_conflict_do_update(
            index_elements=[ProjectKeyRow.workspace_id, ProjectKeyRow.key],
            set_={"until": None},
            where=ProjectKeyRow.project_id == after.id,
        )
        if (await self._connection.execute(taken)).rowcount == 0:
            raise Conflict(KEY_TAKEN, path=("key",), code=ErrorCode.ALREADY_EXISTS)

    async def remove(self, entity: Project) -> None:
        await super().remove(entity)
        await SqlDeletedObjects(self._connection).forget_area(entity.workspace_id, entity.id)

    async def save_all(self, changes: Sequence[tuple[Project, Project]]) -> None:
        # Each by itself, because a new key has a row of its own. No change set changes many projects.
        for before, after in changes:
            await self.save(before, after)

    async def next_numbers(self, project: Project, count: int) -> Sequence[int]:
        new = {"workspace_id": project.workspace_id, "project_id": project.id, "number": count}
        last = (await self._connection.execute(_TAKE_NUMBERS, new)).scalar_one()
        return range(last - count + 1, last + 1)


def _key_row(project: Project) -> dict[str, Any]:
    return {"workspace_id": project.workspace_id, "key": project.key, "project_id": project.id, "until": None}


class SqlProjectMemberRepository(SqlTenantRepository[ProjectMember]):
    table = AreaGrantRow
    entity = ProjectMember
    guests = GuestRule.of_areas(AreaGrantRow.workspace_id, AreaGrantRow.area_id)
    conflicts = {
        "uq_project_member_workspace_id_member_id_project_id": (
            "member_id",
            "This guest is already a member of the project.",
        )
    }


class SqlProjectAreas:
    """Projects as the areas to which guests get access."""

    def __init__(self, connection: Connection, ids: IdFactory, sizes: ListSizes) -> None:
        self._connection = connection
        self._projects = SqlProjectRepository(connection, sizes)
        self._places = SqlProjectMemberRepository(connection)
        self._ids = ids

    async def require(self, actor: Actor, workspace_id: str, area_ids: Sequence[str]) -> None:
        projects = await self._projects.get_all(actor, area_ids, path=("area_ids",))
        if any(project.workspace_id != workspace_id for project in projects):
            raise NotFound("This project does not exist or is not visible to you.", path=("area_ids",))

    async def let_in(self, guest: Member, area_ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        if not area_ids:
            return ()
        # Lock the projects, so that none is deleted meanwhile. Projects deleted since the invitation are skipped.
        left = (ProjectRow.workspace_id == guest.workspace_id) & among_values(ProjectRow.id, area_ids)
        left &= ProjectRow.deleting_since.is_(None)
        places = [
            ProjectMember.joining(
                project, guest, id=ProjectMemberId(self._ids.new_in(guest.workspace_id, ProjectMember.prefix)), now=now
            )
            for project in await self._projects.where(left, for_update=True)
        ]
        await self._places.add_all(places)
        return [ProjectMemberAdded.between(None, place) for place in places]

    async def leave_all(self, member: Member) -> Sequence[Event]:
        theirs = (AreaGrantRow.workspace_id == member.workspace_id) & (AreaGrantRow.member_id == member.id)
        places = await self._places.where(theirs, for_update=True)
        await self._connection.execute(delete(AreaGrantRow).where(theirs))
        return [ProjectMemberRemoved.between(place, None) for place in places]


class SqlStateRepository(SqlTenantRepository[State]):
    table = StateRow
    entity = State
    guests = GuestRule.of_areas(StateRow.workspace_id, StateRow.project_id)
    conflicts = {
        "uq_state_workspace_id_project_id_name": (
            "name",
            "Another workflow state of the project has this name. Choose a different name.",
        ),
        "fk_issue_workspace_id_project_id_state_id": (
            "id",
            "This workflow state has issues. Set `replaceWith` to the state to move them to.",
        ),
    }

    async def of(self, project: Project, *, and_ids: Collection[str] = (), for_update: bool = False) -> list[State]:
        params: dict[str, Any] = {"workspace_id": project.workspace_id, "of": project.id}
        if and_ids:
            params["and_ids"] = list(and_ids)
        states = await self.fetch(_STATES_OF[bool(and_ids), for_update], params)
        return sorted(states, key=lambda state: state.position)

    async def of_projects(self, workspace_id: str, project_ids: Sequence[str]) -> list[State]:
        theirs = (StateRow.workspace_id == workspace_id) & among_values(StateRow.project_id.expression, project_ids)
        return sorted(await self.where(theirs, for_update=True), key=lambda state: state.position)

    async def place(self, states: Sequence[State]) -> None:
        if states:
            placed = (
                update(StateRow)
                .where(StateRow.workspace_id == bindparam("workspace"), StateRow.id == bindparam("state"))
                .values(position=bindparam("to"), updated_at=bindparam("at"))
            )
            rows = [
                {"workspace": state.workspace_id, "state": state.id, "to": state.position, "at": state.updated_at}
                for state in states
            ]
            await self._connection.execute(placed, rows)


_STATES_IN = in_workspace(StateRow.workspace_id)
_OF_PROJECT = StateRow.project_id == bindparam("of")
_STATES_OF = {
    (has_more, for_update): SqlStateRepository.selection(
        _STATES_IN & ((_OF_PROJECT | among(StateRow.id, "and_ids")) if has_more else _OF_PROJECT), for_update=for_update
    )
    for has_more, for_update in product((False, True), repeat=2)
}
"""Statements of the states of a project, with others by ID; by (has others, for update)."""
