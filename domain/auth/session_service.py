from collections.abc import Sequence

from domain.accounts.model import User
from domain.auth.model import AuthOptions, EndReason, Session, SessionsEnded
from domain.auth.ports import AuthUow, SessionReader
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import NotFound
from domain.shared.ids import check_id
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written


class SessionService:
    """Lists and ends the actor's own sessions; sessions of other users are not found."""

    def __init__(self, uow: OpenUow[AuthUow], read: SessionReader, clock: Clock, options: AuthOptions) -> None:
        self._uow = uow
        self._read = read
        self._clock = clock
        self._options = options

    async def of_users(self, actor: Actor, users: Sequence[User], request: PageRequest) -> Sequence[Page[Session]]:
        """The usable sessions of each user, newest first; empty for users other than the actor."""
        now = self._clock.now()
        own = Page[Session].empty(request)
        if any(user.id == actor.user_id for user in users):
            used_after = now - self._options.idle_life
            own = await self._read.of_user(actor.signed_in_id, request, now=now, used_after=used_after)
        return [own if user.id == actor.user_id else Page.empty(request) for user in users]

    async def end(self, actor: Actor, session_id: str) -> Written[str]:
        """Ends one of the actor's sessions, current one included. Its tokens are no longer accepted."""
        user_id = actor.require_session()
        check_id(session_id, Session.prefix, ("id",), noun="session")
        async with self._uow(actor) as uow:
            session = await uow.sessions.by_id(session_id, for_update=True)
            if session is None or session.user_id != user_id or not session.is_alive(uow.now):
                raise NotFound("This session does not exist or has ended.", path=("id",))
            await uow.sessions.end(session.id, EndReason.ENDED, now=uow.now)
            uow.note(SecurityEventKind.SESSION_ENDED, user_id=user_id, subject_id=session.id)
            return await uow.commit(str(session.id))

    async def end_others(self, actor: Actor) -> Written[SessionsEnded]:
        """Ends all of the actor's sessions except the current one."""
        user_id = actor.require_session()
        async with self._uow(actor) as uow:
            ended = await uow.sessions.end_all(user_id, EndReason.ENDED, now=uow.now, except_session=actor.session_id)
            for session_id in ended:
                uow.note(SecurityEventKind.SESSION_ENDED, user_id=user_id, subject_id=session_id)
            return await uow.commit(SessionsEnded(ended_count=len(ended)))
