from collections.abc import Sequence
from datetime import datetime

from domain.accounts.model import User
from domain.audit.ports import SecurityLogReader
from domain.shared.actor import Actor
from domain.shared.addresses import normal_address
from domain.shared.checks import is_storable
from domain.shared.errors import NotFound, PermissionDenied
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEvent

MOST_LINES = 1000


class SecurityLogService:
    """Reads the security log: users see their own entries, the operator sees all."""

    def __init__(self, read: SecurityLogReader) -> None:
        self._read = read

    async def of_users(
        self, actor: Actor, users: Sequence[User], request: PageRequest
    ) -> Sequence[Page[SecurityEvent]]:
        """Security events of each account, newest first; empty for accounts other than the actor's."""
        own = Page[SecurityEvent].empty(request)
        if any(user.id == actor.user_id for user in users):
            own = await self._read.of_user(actor.signed_in_id, request)
        return [own if user.id == actor.user_id else Page.empty(request) for user in users]

    async def lines(
        self, actor: Actor, *, email: str | None = None, since: datetime | None = None, most: int = MOST_LINES
    ) -> Sequence[SecurityEvent]:
        """The newest entries, oldest first, of one user or since a time if given. Raises NotFound."""
        if not actor.is_system:
            raise PermissionDenied("Only the server operator can read the security log of all users.")
        user_id = None if email is None else await self._person(normal_address(email))
        return await self._read.latest(user_id=user_id, since=since, most=most)

    async def _person(self, email: str) -> str:
        found = await self._read.person(email) if is_storable(email) else None
        if found is None:
            raise NotFound("No account has this email address.", path=("email",))
        return found
