"""An account with 2,003 memberships, of which no request loads more than it needs."""

from collections.abc import Collection, Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Role
from domain.shared.ids import route_of_workspace
from domain.workspaces.model import Member, Workspace
from infra.workspaces.tables import MemberRow, WorkspaceRow
from tests.factories.accounts import IDS
from tests.factories.moments import MADE

MORE = 2_001
"""Memberships besides those that a test makes by itself, which make 2,003."""
SOME_MORE = 55
"""As few as are still too many to be loaded with each request, for tests that prove no figure."""


async def join_many(engine: AsyncEngine, user_id: str, count: int) -> Sequence[str]:
    """Makes the user a member of so many workspaces, and returns their slugs in order."""
    async with engine.connect() as connection:
        known = await connection.scalars(select(MemberRow.workspace_id).where(MemberRow.user_id == user_id))
        taken = {route_of_workspace(workspace_id) for workspace_id in known}
    slugs = [f"many-{number:04}" for number in range(count)]
    moments = {"created_at": MADE, "updated_at": MADE}
    workspaces = [{"id": _id_of_another_route(taken), "slug": slug, "name": slug, **moments} for slug in slugs]
    members = [
        {
            "id": IDS.new_in(workspace["id"], Member.prefix),
            "workspace_id": workspace["id"],
            "user_id": user_id,
            "role": Role.MEMBER,
            **moments,
        }
        for workspace in workspaces
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(WorkspaceRow), workspaces)
        await connection.execute(insert(MemberRow), members)
    return slugs


def _id_of_another_route(taken: Collection[int]) -> str:
    """Fresh ID of a workspace that shares no route with these, because each one that does adds statements."""
    while route_of_workspace(fresh := IDS.new(Workspace.prefix)) in taken:
        pass
    return fresh
