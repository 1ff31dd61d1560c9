from collections.abc import Sequence
from datetime import datetime

from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.shared.events import Event
from domain.workspaces.model import Member


class NoAreas:
    """The areas of an application whose slices have none."""

    async def require(self, actor: Actor, workspace_id: str, area_ids: Sequence[str]) -> None:
        if area_ids:
            raise NotFound("Workspaces of this server have no areas for guests.", path=("area_ids",))

    async def let_in(self, guest: Member, area_ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        return ()

    async def leave_all(self, member: Member) -> Sequence[Event]:
        return ()


class NoFiles:
    """The files of workspaces of an application whose slices store none."""

    async def forget(self, workspace_id: str) -> Sequence[str]:
        return ()
