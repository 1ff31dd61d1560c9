from domain.accounts.jobs import Notice, SendAccountNotice, SendEmailChangeLink
from domain.accounts.mails import AddressInUse, EmailChangeLink
from domain.accounts.model import User, check_email, normal_email
from domain.accounts.notice_service import FORGOTTEN_PATH, mail_id
from domain.accounts.one_time import FORMAT, LinkPurpose, OneTimeLink, OneTimeLinkId, OneTimeSecrets
from domain.accounts.registration_service import link_not_good, link_url, mail_buckets, source_bucket
from domain.auth.ports import AuthUow
from domain.auth.proof import PasswordProof
from domain.shared.actor import Actor
from domain.shared.checks import Checks
from domain.shared.clock import Clock
from domain.shared.entities import revised
from domain.shared.errors import Conflict, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.mail import Letter, Mail, Mailer
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Throttle
from domain.shared.uow import OpenUow, Written

CONFIRM_PATH = "/auth/email/verify"


class EmailService:
    """Another address for an account: it counts when its owner has used the link that was mailed there."""

    def __init__(
        self,
        uow: OpenUow[AuthUow],
        proof: PasswordProof,
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
        self._secrets = secrets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._public_url = public_url

    async def ask(self, actor: Actor, password: str, email: str) -> None:
        """Mails a link to the new address and tells the old one; raises what the proof does, Rejected, Unavailable."""
        if not self._mailer.is_set:
            raise Unavailable("This server cannot send mail, so no address can be verified.")
        address = normal_email(email)
        with Checks() as check:
            check_email(check, address)
        user_id = await self._proof.require(actor, password)
        await self._throttle.take(mail_buckets("email", actor, address))
        link_id = OneTimeLinkId(self._ids.new(OneTimeLink.prefix))
        waiting = {"email": address}
        now = self._clock.now()
        link = self._secrets.link(link_id, LinkPurpose.CHANGE_EMAIL, user_id, now=now, waiting=waiting)
        async with self._uow(actor) as uow:
            await uow.links.issue(link)
            uow.note(SecurityEventKind.EMAIL_CHANGE_ASKED, user_id=user_id, subject_id=link.id)
            uow.enqueue(SendEmailChangeLink(link_id=link.id))
            _tell(uow, Notice.EMAIL_CHANGE_ASKED, await uow.users.by_id(user_id))
            await uow.commit(None)

    async def send(self, actor: Actor, job: SendEmailChangeLink) -> None:
        """Mails the link; somebody who has an account with that address is told so instead."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            known = await uow.users.by_email(link.waiting["email"]) if link is not None else None
        if link is None:
            return
        letter: Letter = AddressInUse(url=self._public_url + FORGOTTEN_PATH)
        if known is None:
            token = self._secrets.of(link.id)
            url = link_url(self._public_url, CONFIRM_PATH, token)
            letter = EmailChangeLink(url=url, token=token, expires_at=link.expires_at)
        await self._mailer.send(Mail(id=mail_id(actor), to=link.waiting["email"], letter=letter))

    async def confirm(self, actor: Actor, token: str) -> Written[User]:
        """Makes the new address count and tells both; raises the same NotFound for whatever link is not good."""
        await self._throttle.take([source_bucket("verify", actor)])
        digest = FORMAT.presented_digest(token)
        now = self._clock.now()
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.CHANGE_EMAIL, now=now) if digest is not None else None
            user = await uow.users.by_id(link.subject, for_update=True) if link is not None else None
            if link is None or user is None or user.email is None:
                raise link_not_good()
            changed = revised(user, now=now, email=link.waiting["email"])
            try:
                await uow.users.save(user, changed)
            except Conflict as error:
                raise link_not_good() from error
            await uow.links.withdraw(user.email)
            uow.note(SecurityEventKind.EMAIL_CHANGED, user_id=user.id, subject_id=link.id)
            _tell(uow, Notice.EMAIL_CHANGED, user)
            _tell(uow, Notice.EMAIL_CHANGED, changed)
            return await uow.commit(changed)


def _tell(uow: AuthUow, notice: Notice, user: User | None) -> None:
    if user is not None and user.email is not None:
        uow.enqueue(SendAccountNotice(notice=notice, person=user.name, email=user.email))
