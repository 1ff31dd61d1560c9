from domain.accounts.jobs import Notice, SendPasswordResetLink
from domain.accounts.mailed_links import MailedLinks, link_not_good
from domain.accounts.mails import PasswordResetLink
from domain.accounts.model import User
from domain.accounts.notice_service import tell
from domain.accounts.one_time import LinkPurpose
from domain.accounts.passwords import PasswordRules, check_password
from domain.accounts.ports import PasswordHasher
from domain.auth.model import EndReason
from domain.auth.ports import AuthUow
from domain.auth.proof import PasswordProof
from domain.shared.actor import Actor
from domain.shared.checks import Checks
from domain.shared.errors import Unauthenticated
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow

RESET_PATH = "/auth/password/reset"


class PasswordService:
    """Resets and changes passwords."""

    def __init__(
        self,
        uow: OpenUow[AuthUow],
        proof: PasswordProof,
        hasher: PasswordHasher,
        rules: PasswordRules,
        links: MailedLinks,
    ) -> None:
        self._uow = uow
        self._proof = proof
        self._hasher = hasher
        self._rules = rules
        self._links = links

    async def forgot(self, actor: Actor, email: str) -> None:
        """Sends a link to the address if it has an account; raises what a new link does."""
        link = await self._links.new(actor, LinkPurpose.RESET_PASSWORD, email)
        async with self._uow(actor) as uow:
            await uow.links.issue(link)
            uow.note(SecurityEventKind.PASSWORD_RESET_ASKED, user_id=None, subject_id=link.id)
            uow.enqueue(SendPasswordResetLink(link_id=link.id))
            await uow.commit(None)

    async def send_reset(self, actor: Actor, job: SendPasswordResetLink) -> None:
        """Mails the link, unless the address has no active account or the link has been replaced."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            user = await uow.users.active_by_email(link.address) if link is not None else None
        if link is None or user is None:
            return
        token, url = self._links.opened(link, RESET_PATH)
        letter = PasswordResetLink(person=user.name, url=url, token=token, expires_at=link.expires_at)
        await self._links.send(actor, link, letter)

    async def reset(self, actor: Actor, token: str, password: str) -> None:
        """Sets a new password for the link's account and ends all sessions; a refused password leaves the link valid.

        Raises NotFound for an invalid link, Rejected, TooOften. Does not sign in.
        """
        async with self._links.presented(actor, LinkPurpose.RESET_PASSWORD, token) as digest:
            self._check(password)
            password_hash = await self._hasher.hash(password)
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.RESET_PASSWORD, now=uow.now)
            user = await uow.users.active_by_email(link.address) if link is not None else None
            if user is None:
                raise link_not_good()
            self._check(password, user)
            await self._replace(uow, user, password_hash)
            uow.note(SecurityEventKind.PASSWORD_RESET, user_id=user.id)
            await uow.commit(None)

    async def change(self, actor: Actor, current: str, new: str) -> None:
        """Changes the actor's password and ends all other sessions. Raises the errors of the proof, and Rejected."""
        user_id = await self._proof.require(actor, current)
        self._check(new)
        password_hash = await self._hasher.hash(new)
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(user_id)
            if user is None:
                raise Unauthenticated("This account no longer exists.")
            self._check(new, user)
            await self._replace(uow, user, password_hash, except_session=actor.session_id)
            uow.note(SecurityEventKind.PASSWORD_CHANGED, user_id=user.id)
            await uow.commit(None)

    def _check(self, password: str, user: User | None = None) -> None:
        personal = (user.email or "", user.name) if user is not None else ()
        with Checks() as check:
            check_password(check, password, personal=personal, rules=self._rules)

    async def _replace(
        self, uow: AuthUow, user: User, password_hash: str, *, except_session: str | None = None
    ) -> None:
        now = uow.now
        await uow.passwords.replace(user.id, password_hash, now=now)
        await uow.sessions.end_all(user.id, EndReason.PASSWORD_CHANGED, now=now, except_session=except_session)
        if user.email is not None:
            await uow.links.withdraw(user.id, user.email)
            tell(uow, Notice.PASSWORD_CHANGED, user)
