from collections.abc import Sequence

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.projects.model import Project, ProjectMember, State
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.projects.tables import ProjectNumberRow, ProjectRow, StateRow
from infra.workspaces.tables import ProjectMemberRow


class SqlProjectRepository(SqlTenantRepository[Project]):
    table = ProjectRow
    entity = Project
    guests = GuestRule.of_projects(ProjectRow.workspace_id, ProjectRow.id)
    conflicts = {
        "uq_project_workspace_id_key": ("key", "Another project of the workspace has this key."),
        "fk_milestone_project_id": ("id", "Only a project without milestones can be deleted: delete them first."),
    }

    async def next_number(self, project_id: str) -> int:
        counter = upsert(ProjectNumberRow).values(project_id=project_id, number=1)
        counted = counter.on_conflict_do_update(
            index_elements=[ProjectNumberRow.project_id], set_={"number": ProjectNumberRow.number + 1}
        ).returning(ProjectNumberRow.number)
        return int((await self._connection.execute(counted)).scalar_one())


class SqlProjectMemberRepository(SqlTenantRepository[ProjectMember]):
    table = ProjectMemberRow
    entity = ProjectMember
    guests = GuestRule.of_projects(ProjectMemberRow.workspace_id, ProjectMemberRow.project_id)
    conflicts = {"uq_project_member_member_id_project_id": ("member_id", "This guest is in the project already.")}

    async def leave_all(self, member_id: str) -> int:
        left = delete(ProjectMemberRow).where(ProjectMemberRow.member_id == member_id)
        return (await self._connection.execute(left)).rowcount


class SqlStateRepository(SqlTenantRepository[State]):
    table = StateRow
    entity = State
    guests = GuestRule.of_projects(StateRow.workspace_id, StateRow.project_id)
    conflicts = {
        "uq_state_project_id_name": ("name", "Another state of the project has this name."),
        "fk_issue_project_id_state_id": ("id", "Issues are in this state: name another one for them in replaceWith."),
    }

    async def of(self, project_id: str, *, for_update: bool = False) -> list[State]:
        states = await self.where(StateRow.project_id == project_id, for_update=for_update)
        return sorted(states, key=lambda state: state.position)

    async def place(self, states: Sequence[State]) -> None:
        if states:
            placed = (
                update(StateRow)
                .where(StateRow.id == bindparam("state"))
                .values(position=bindparam("to"), updated_at=bindparam("at"))
            )
            rows = [{"state": state.id, "to": state.position, "at": state.updated_at} for state in states]
            await self._connection.execute(placed, rows)
