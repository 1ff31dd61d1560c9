from domain.accounts.commands import Newcomer
from domain.accounts.jobs import SendRegistrationLink
from domain.accounts.mailed_links import MailedLinks, link_not_good
from domain.accounts.mails import RegistrationLink
from domain.accounts.model import RegistrationPolicy, User, UserId, check_newcomer
from domain.accounts.one_time import LinkPurpose
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import AccountUow, PasswordHasher
from domain.shared.actor import Actor
from domain.shared.checks import Checks
from domain.shared.errors import Conflict, PermissionDenied
from domain.shared.ids import IdFactory
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written

REGISTER_PATH = "/auth/register"
VERIFY_PATH = "/auth/verify"


class RegistrationService:
    """Sign-up. The account is created when the mailed link is used, so no address is ever blocked.

    Name and password are asked for only then: a person who enters another's address cannot plant anything in that
    account, least of all a known password.
    """

    def __init__(
        self,
        uow: OpenUow[AccountUow],
        hasher: PasswordHasher,
        rules: PasswordRules,
        links: MailedLinks,
        ids: IdFactory,
        *,
        policy: RegistrationPolicy,
    ) -> None:
        self.rules = rules
        self._uow = uow
        self._hasher = hasher
        self._links = links
        self._ids = ids
        self._policy = policy

    async def register(self, actor: Actor, email: str) -> None:
        """Sends a mail to the address; raises what a new link does, and PermissionDenied where only the invited may."""
        if self._policy is RegistrationPolicy.INVITED:
            raise PermissionDenied(
                "Registration on this server requires an invitation. Use the link in your invitation."
            )
        link = await self._links.new(actor, LinkPurpose.REGISTER, email)
        async with self._uow(actor) as uow:
            await uow.links.issue(link)
            uow.note(SecurityEventKind.REGISTRATION_ASKED, user_id=None, subject_id=link.id)
            uow.enqueue(SendRegistrationLink(link_id=link.id))
            await uow.commit(None)

    async def send(self, actor: Actor, job: SendRegistrationLink) -> None:
        """Mails the link, or a notice if the address has an account. Does not send a replaced link."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            known = await uow.users.by_email(link.address) if link is not None else None
        if link is None:
            return None
        if known is not None:
            return await self._links.send(actor, link, self._links.address_in_use())
        token, url = self._links.opened(link, VERIFY_PATH)
        letter = RegistrationLink(url=url, token=token, expires_at=link.expires_at)
        return await self._links.send(actor, link, letter)

    async def verify(self, actor: Actor, token: str, newcomer: Newcomer) -> Written[User]:
        """Creates the account for the holder of the link; raises one NotFound for every invalid link.

        Raises Rejected naming every broken rule, which leaves the link valid, and TooOften.
        """
        async with self._links.presented(actor, LinkPurpose.REGISTER, token) as digest:
            with Checks() as check:
                check_newcomer(check, newcomer, rules=self.rules)
            password_hash = await self._hasher.hash(newcomer.password)
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.REGISTER, now=uow.now)
            if link is None:
                raise link_not_good()
            user_id = UserId(self._ids.new(User.prefix))
            user = User.registered(newcomer.registration(link.address), id=user_id, now=uow.now, rules=self.rules)
            try:
                await uow.users.add(user)
            except Conflict as error:
                raise link_not_good() from error
            await uow.passwords.add(user.id, password_hash, now=uow.now)
            uow.note(SecurityEventKind.REGISTERED, user_id=user.id, subject_id=link.id)
            return await uow.commit(user)
