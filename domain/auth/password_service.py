from domain.accounts.jobs import Notice, SendAccountNotice, SendPasswordResetLink
from domain.accounts.mails import PasswordResetLink
from domain.accounts.model import User, check_email, normal_email
from domain.accounts.notice_service import mail_id
from domain.accounts.one_time import FORMAT, LinkPurpose, OneTimeLink, OneTimeLinkId, OneTimeSecrets
from domain.accounts.passwords import PasswordRules, check_password
from domain.accounts.ports import PasswordHasher
from domain.accounts.registration_service import link_not_good, link_url, mail_buckets, source_bucket
from domain.auth.model import EndReason
from domain.auth.ports import AuthUow
from domain.auth.proof import PasswordProof
from domain.shared.actor import Actor
from domain.shared.checks import Checks
from domain.shared.clock import Clock
from domain.shared.errors import Unauthenticated, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.mail import Mail, Mailer
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Throttle, counted_try
from domain.shared.uow import OpenUow

RESET_PATH = "/auth/password/reset"


class PasswordService:
    """Passwords that are forgotten, and those that are to be changed."""

    def __init__(
        self,
        uow: OpenUow[AuthUow],
        proof: PasswordProof,
        hasher: PasswordHasher,
        rules: PasswordRules,
        secrets: OneTimeSecrets,
        throttle: Throttle,
        clock: Clock,
        ids: IdFactory,
        mailer: Mailer,
        *,
        public_url: str,
    ) -> None:
        self._uow = uow
        self._proof = proof
        self._hasher = hasher
        self._rules = rules
        self._secrets = secrets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._public_url = public_url

    async def forgot(self, actor: Actor, email: str) -> None:
        """Sends a link to the address if it has an account; raises Rejected, TooOften, Unavailable without mail.

        Whether it has one is not even looked up here.
        """
        if not self._mailer.is_set:
            raise Unavailable("This server cannot send mail. Ask whoever runs it for another password.")
        address = normal_email(email)
        with Checks() as check:
            check_email(check, address)
        await self._throttle.take(mail_buckets("forgot", actor, address))
        link_id = OneTimeLinkId(self._ids.new(OneTimeLink.prefix))
        link = self._secrets.link(link_id, LinkPurpose.RESET_PASSWORD, address, now=self._clock.now())
        async with self._uow(actor) as uow:
            await uow.links.issue(link)
            uow.note(SecurityEventKind.PASSWORD_RESET_ASKED, user_id=None, subject_id=link.id)
            uow.enqueue(SendPasswordResetLink(link_id=link.id))
            await uow.commit(None)

    async def send_reset(self, actor: Actor, job: SendPasswordResetLink) -> None:
        """Mails the link, unless nobody can sign in with that address or it has been replaced."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            user = await uow.users.active_by_email(link.subject) if link is not None else None
        if link is None or user is None:
            return
        token = self._secrets.of(link.id)
        letter = PasswordResetLink(
            person=user.name,
            url=link_url(self._public_url, RESET_PATH, token),
            token=token,
            expires_at=link.expires_at,
        )
        await self._mailer.send(Mail(id=mail_id(actor), to=link.subject, letter=letter))

    async def reset(self, actor: Actor, token: str, password: str) -> None:
        """Gives a new password to whoever got the link, and ends all sessions; a refused password leaves it good.

        Raises NotFound for whatever link is not good, Rejected, TooOften. It signs nobody in.
        """
        digest = FORMAT.presented_digest(token)
        async with counted_try(self._throttle, [source_bucket("reset", actor)]):
            self._check(password)
            if digest is None:
                raise link_not_good()
            password_hash = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.RESET_PASSWORD, now=now)
            user = await uow.users.active_by_email(link.subject) if link is not None else None
            if user is None:
                raise link_not_good()
            self._check(password, user)
            await self._replace(uow, user, password_hash)
            uow.note(SecurityEventKind.PASSWORD_RESET, user_id=user.id)
            await uow.commit(None)

    async def change(self, actor: Actor, current: str, new: str) -> None:
        """Another password for the person who asks; all other sessions end. Raises what the proof does, Rejected."""
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
        now = self._clock.now()
        await uow.passwords.replace(user.id, password_hash, now=now)
        await uow.sessions.end_all(user.id, EndReason.PASSWORD_CHANGED, now=now, except_session=except_session)
        if user.email is not None:
            await uow.links.withdraw(user.id, user.email)
            uow.enqueue(SendAccountNotice(notice=Notice.PASSWORD_CHANGED, person=user.name, email=user.email))
