"""Rules for granting memberships and roles in a workspace, and the retention of invitations."""

from collections.abc import Sequence
from datetime import timedelta

from domain.accounts.model import User
from domain.shared.actor import Actor, Permission, Role
from domain.shared.errors import Conflict, NotFound, Unauthenticated
from domain.shared.ids import check_id
from domain.workspaces.errors import WorkspaceErrorCode
from domain.workspaces.model import Member, Workspace
from domain.workspaces.ports import UserRepository
from domain.workspaces.slice import MEMBER_MANAGE, OWNER_MANAGE

INVITATIONS_KEPT = timedelta(days=30)  # after their end, because expired invitations can be sent again


async def locked_person(users: UserRepository, user_id: str) -> User:
    """The future member, locked, so that the account is not deleted meanwhile; raises Unauthenticated."""
    user = await users.by_id(user_id, for_update=True)
    if user is None or user.is_deleted:
        raise Unauthenticated("This account no longer exists.")
    return user


async def require_in(
    actor: Actor, workspace_id: str, permission: Permission, *, path: tuple[str, ...] = ("workspace_id",)
) -> None:
    """Requires the permission in a workspace whose rows are not read; raises NotFound for one that is not visible."""
    check_id(workspace_id, Workspace.prefix, path, noun="workspace")
    await actor.reach_workspaces((workspace_id,))
    if not actor.sees(workspace_id):
        raise NotFound("This workspace does not exist or is not visible to you.", path=path)
    actor.require(permission, workspace_id)


def require_rank(actor: Actor, workspace_id: str, *roles: Role) -> None:
    """Requires an owner to appoint or dismiss owners, an admin or owner for other roles."""
    for permission in _needed(*roles):
        actor.require(permission, workspace_id)


def may_give(giver: Role, role: Role) -> bool:
    """Whether `giver` may grant `role`. Used for invitations, where the inviter is not the actor."""
    return all(giver in permission.roles for permission in _needed(role))


def keep_an_owner(owners: Sequence[Member], leaving: Member) -> None:
    if [owner.id for owner in owners] == [leaving.id]:
        raise Conflict(
            "A workspace must keep at least one owner. Make another member an owner first.",
            code=WorkspaceErrorCode.LAST_OWNER,
        )


def _needed(*roles: Role) -> tuple[Permission, ...]:
    appoints = (OWNER_MANAGE,) if Role.OWNER in roles else ()
    return (MEMBER_MANAGE, *appoints)
