from domain.accounts.jobs import Notice, SendEmailChangeLink
from domain.accounts.mailed_links import MailedLinks, link_not_good
from domain.accounts.mails import EmailChangeLink
from domain.accounts.model import User
from domain.accounts.notice_service import tell
from domain.accounts.one_time import LinkPurpose, OneTimeLink
from domain.auth.ports import AuthUow
from domain.auth.proof import PasswordProof
from domain.shared.actor import Actor
from domain.shared.entities import revised
from domain.shared.errors import Conflict
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written

CONFIRM_PATH = "/auth/email/verify"


class EmailService:
    """Changes the address of an account. The new one takes effect when its mailed link is used with the password."""

    def __init__(self, uow: OpenUow[AuthUow], proof: PasswordProof, links: MailedLinks) -> None:
        self._uow = uow
        self._proof = proof
        self._links = links

    async def ask(self, actor: Actor, password: str, email: str) -> None:
        """Mails a link to the new address and a notice to the old one. Raises the errors of proof and link."""
        user_id = await self._proof.require(actor, password)
        link = await self._links.new(actor, LinkPurpose.CHANGE_EMAIL, email, account_id=user_id)
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(user_id)
            assert user is not None, "the password has just been right"
            await uow.links.issue(link)
            uow.note(SecurityEventKind.EMAIL_CHANGE_ASKED, user_id=user_id, subject_id=link.id)
            uow.enqueue(SendEmailChangeLink(link_id=link.id))
            tell(uow, Notice.EMAIL_CHANGE_ASKED, user)
            await uow.commit(None)

    async def send(self, actor: Actor, job: SendEmailChangeLink) -> None:
        """Mails the link, or a notice if the address already has an account."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            known = await uow.users.by_email(link.address) if link is not None else None
        if link is None:
            return None
        if known is not None:
            return await self._links.send(actor, link, self._links.address_in_use())
        token, url = self._links.opened(link, CONFIRM_PATH)
        letter = EmailChangeLink(url=url, token=token, expires_at=link.expires_at)
        return await self._links.send(actor, link, letter)

    async def confirm(self, actor: Actor, token: str, password: str) -> Written[User]:
        """Switches the account to the new address and notifies both addresses.

        Raises one NotFound for every invalid link, and the errors of the password check: the mail may have reached
        another person, who must not get the account by pressing a button.
        """
        async with self._links.presented(actor, LinkPurpose.CHANGE_EMAIL, token) as digest:
            link = await self._waiting(actor, digest)
            await self._proof.prove(actor, link.subject, password, tries=link.id)
            return await self._confirm(actor, digest)

    async def _waiting(self, actor: Actor, digest: str) -> OneTimeLink:
        async with self._uow(actor) as uow:
            link = await uow.links.good(digest, LinkPurpose.CHANGE_EMAIL, now=uow.now)
        if link is None:
            raise link_not_good()
        return link

    async def _confirm(self, actor: Actor, digest: str) -> Written[User]:
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.CHANGE_EMAIL, now=uow.now)
            user = await uow.users.by_id(link.subject, for_update=True) if link is not None else None
            if link is None or user is None or user.email is None:
                raise link_not_good()
            changed = revised(user, now=uow.now, email=link.address)
            try:
                await uow.users.save(user, changed)
            except Conflict as error:
                raise link_not_good() from error
            await uow.links.withdraw(user.email)
            uow.note(SecurityEventKind.EMAIL_CHANGED, user_id=user.id, subject_id=link.id)
            tell(uow, Notice.EMAIL_CHANGED, user)
            tell(uow, Notice.EMAIL_CHANGED, changed)
            return await uow.commit(changed)
