from collections.abc import Collection, Mapping, Sequence

import asyncpg
from sqlalchemy import exists, func, select

from domain.shared.actor import Actor, Role
from domain.shared.errors import Conflict, ErrorCode
from domain.workspaces.model import Invitation, Member, Workspace
from infra.accounts.tables import UserRow
from infra.db.arrays import among, among_values
from infra.db.repository import SqlParentRepository, SqlTenantRepository
from infra.db.visibility import in_workspace
from infra.workspaces.filters import MEMBERS_OF_GUESTS
from infra.workspaces.tables import AreaGrantRow, InvitationRow, MemberRow, WorkspaceRow

_GRANTED = select(AreaGrantRow.area_id).where(
    in_workspace(AreaGrantRow.workspace_id),
    AreaGrantRow.member_id == MemberRow.id,
    among(AreaGrantRow.area_id, "areas"),
)
_WITH_AREAS = select(MemberRow.user_id, MemberRow.role, func.array(_GRANTED.scalar_subquery())).where(
    in_workspace(MemberRow.workspace_id), among(MemberRow.user_id, "users")
)
_OF_MEMBERS = frozenset({MemberRow.__tablename__, AreaGrantRow.__tablename__, InvitationRow.__tablename__})


class SqlWorkspaceRepository(SqlParentRepository[Workspace]):
    table = WorkspaceRow
    entity = Workspace
    conflicts = {"uq_workspace_slug": ("slug", "Another workspace has this slug. Choose a different slug.")}

    def _conflict_of(self, error: asyncpg.IntegrityConstraintViolationError) -> Conflict | None:
        # Content is in tables of any slice. Members and invitations are deleted before their workspace, so that a row
        # of theirs is one that another request has just added.
        if isinstance(error, asyncpg.ForeignKeyViolationError) and error.table_name not in _OF_MEMBERS:
            message = "A workspace with content is deleted only with `cascade: true`, which deletes its content too."
            return Conflict(message, path=("id",), code=ErrorCode.IN_USE)
        return super()._conflict_of(error)

    async def _visible(self, actor: Actor, ids: Collection[str], *, for_update: bool) -> list[Workspace]:
        await actor.reach_workspaces(ids)
        seen = [workspace_id for workspace_id in set(ids) if actor.sees(workspace_id)]
        left = among_values(WorkspaceRow.id, seen) & WorkspaceRow.deleting_since.is_(None)
        return await self.where(left, for_update=for_update) if seen else []


class SqlMemberRepository(SqlTenantRepository[Member]):
    table = MemberRow
    entity = Member
    guests = MEMBERS_OF_GUESTS
    conflicts = {"uq_member_workspace_id_user_id": ("token", "You are already a member of this workspace.")}

    async def owners(self, workspace_id: str) -> list[Member]:
        is_owner = (MemberRow.workspace_id == workspace_id) & (MemberRow.role == Role.OWNER)
        return await self.where(is_owner, for_update=True)

    async def places_of(self, user_id: str) -> list[Member]:
        return await self.where(MemberRow.user_id == user_id)

    async def of(self, workspace_id: str) -> list[Member]:
        return await self.where(MemberRow.workspace_id == workspace_id)

    async def are_in(self, workspace_id: str, user_ids: Sequence[str]) -> bool:
        among = (MemberRow.workspace_id == workspace_id) & among_values(MemberRow.user_id, user_ids)
        found = await self._connection.execute(select(func.count()).where(among))
        return bool(found.scalar_one() == len(set(user_ids)))

    async def among(self, workspace_id: str, user_ids: Collection[str]) -> frozenset[str]:
        theirs = (MemberRow.workspace_id == workspace_id) & among_values(MemberRow.user_id, list(user_ids))
        return frozenset(await self._connection.scalars(select(MemberRow.user_id).where(theirs)))

    async def who_see(
        self, workspace_id: str, area_ids: Collection[str], user_ids: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        seeing: dict[str, set[str]] = {area_id: set() for area_id in area_ids}
        params = {"workspace_id": workspace_id, "areas": list(area_ids), "users": list(user_ids)}
        for user_id, role, granted in await self._connection.execute(_WITH_AREAS, params):
            for area_id in granted if role == Role.GUEST else area_ids:
                seeing[area_id].add(user_id)
        return {area_id: frozenset(users) for area_id, users in seeing.items()}

    async def has_address(self, workspace_id: str, email: str) -> bool:
        members = select(MemberRow.id).join(UserRow, UserRow.id == MemberRow.user_id)
        found = exists(members.where(MemberRow.workspace_id == workspace_id, UserRow.email == email))
        return bool(await self._connection.scalar(select(found)))

    async def of_user(self, workspace_id: str, user_id: str) -> Member | None:
        theirs = (MemberRow.workspace_id == workspace_id) & (MemberRow.user_id == user_id)
        return next(iter(await self.where(theirs, for_update=True)), None)


class SqlInvitationRepository(SqlTenantRepository[Invitation]):
    table = InvitationRow
    entity = Invitation
    conflicts = {
        "uq_invitation_workspace_id_email": (
            "email",
            "An invitation for this email address was created at the same time. Retry the request.",
        ),
    }

    async def by_digest(self, digest: str) -> Invitation | None:
        return next(iter(await self.where(InvitationRow.digest == digest, for_update=True)), None)

    async def open_for(self, workspace_id: str, email: str) -> Invitation | None:
        waiting = (InvitationRow.workspace_id == workspace_id) & (InvitationRow.email == email)
        return next(iter(await self.where(waiting, for_update=True)), None)
