from domain.accounts.jobs import Notice
from domain.accounts.model import User
from domain.accounts.notice_service import tell
from domain.auth.model import EndReason
from domain.auth.ports import AuthUow
from domain.auth.proof import PasswordProof, required_person
from domain.shared.actor import Actor
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written


class ActivationService:
    """Deactivates and reactivates accounts. A deactivated account keeps its content and refuses sign-in."""

    def __init__(self, uow: OpenUow[AuthUow], proof: PasswordProof) -> None:
        self._uow = uow
        self._proof = proof

    async def deactivate_own(self, actor: Actor, password: str) -> None:
        """Deactivates the actor's account and ends all its sessions. Raises the errors of the password proof."""
        user_id = await self._proof.require(actor, password)
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(user_id)
            assert user is not None, "the password has just been right"
            await uow.commit(await self._deactivate(uow, user))

    async def deactivate(self, actor: Actor, email: str) -> Written[User]:
        """Deactivates another user's account, for the server operator."""
        async with self._uow(actor) as uow:
            user = await required_person(actor, uow.users, email)
            return await uow.commit(await self._deactivate(uow, user))

    async def reactivate(self, actor: Actor, email: str) -> Written[User]:
        """Reactivates an account: its user can sign in again, but ended sessions stay ended."""
        async with self._uow(actor) as uow:
            user = await required_person(actor, uow.users, email)
            if await uow.users.reactivate(user.id):
                uow.note(SecurityEventKind.ACCOUNT_REACTIVATED, user_id=user.id)
            return await uow.commit(user)

    async def _deactivate(self, uow: AuthUow, user: User) -> User:
        now = uow.now
        await uow.users.deactivate(user.id, now=now)
        await uow.sessions.end_all(user.id, EndReason.DEACTIVATED, now=now)
        uow.note(SecurityEventKind.ACCOUNT_DEACTIVATED, user_id=user.id)
        if user.email is not None:
            await uow.links.withdraw(user.id, user.email)
            tell(uow, Notice.DEACTIVATED, user)
        return user
