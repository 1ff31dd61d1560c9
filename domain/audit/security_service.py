from collections.abc import Sequence
from datetime import datetime

from domain.accounts.model import User, normal_email
from domain.audit.ports import SecurityLogReader
from domain.shared.actor import Actor
from domain.shared.checks import is_storable
from domain.shared.errors import PermissionDenied
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent

MOST_LINES = 1000


class SecurityLogService:
    """Reads the security log: people their own lines, the operator everybody's."""

    def __init__(self, read: SecurityLogReader) -> None:
        self._read = read

    async def of_users(
        self, actor: Actor, users: Sequence[User], request: PageRequest
    ) -> Sequence[Page[SecurityEvent]]:
        """What happened around each account, newest first; of others than the actor's nothing."""
        own = Page[SecurityEvent].empty(request)
        if any(user.id == actor.user_id for user in users):
            own = await self._read.events_of(actor.signed_in_id, request)
        return [own if user.id == actor.user_id else Page.empty(request) for user in users]

    async def lines(
        self, actor: Actor, *, email: str | None = None, since: datetime | None = None, most: int = MOST_LINES
    ) -> Sequence[SecurityEvent]:
        """The newest lines, oldest of them first: all, or those about one person, or since a time."""
        if not actor.is_system:
            raise PermissionDenied("Only the operator of this server may read everybody's security log.")
        if email is not None and not is_storable(email):
            return []
        address = None if email is None else normal_email(email)
        return await self._read.latest(email=address, since=since, most=most)
