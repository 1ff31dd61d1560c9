from collections.abc import Sequence

from sqlalchemy import func, select

from domain.shared.actor import Role
from domain.workspaces.model import Member, Workspace
from infra.db.repository import SqlTenantRepository
from infra.workspaces.tables import MemberRow, WorkspaceRow


class SqlWorkspaceRepository(SqlTenantRepository[Workspace]):
    table = WorkspaceRow
    entity = Workspace
    conflicts = {
        "uq_workspace_slug": ("slug", "Another workspace has this slug."),
        "fk_project_workspace_id": ("id", "Only an empty workspace can be deleted: delete its projects first."),
        "fk_label_workspace_id": ("id", "Only an empty workspace can be deleted: delete its labels first."),
    }


class SqlMemberRepository(SqlTenantRepository[Member]):
    table = MemberRow
    entity = Member
    conflicts = {"uq_member_workspace_id_user_id": ("email", "This person is a member already.")}

    async def owners(self, workspace_id: str) -> list[Member]:
        is_owner = (MemberRow.workspace_id == workspace_id) & (MemberRow.role == Role.OWNER)
        return await self.where(is_owner, for_update=True)

    async def of(self, workspace_id: str) -> list[Member]:
        return await self.where(MemberRow.workspace_id == workspace_id)

    async def are_in(self, workspace_id: str, user_ids: Sequence[str]) -> bool:
        among = (MemberRow.workspace_id == workspace_id) & MemberRow.user_id.in_(user_ids)
        found = await self._connection.execute(select(func.count()).where(among))
        return found.scalar_one() == len(set(user_ids))
