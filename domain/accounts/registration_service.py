from hashlib import sha256

from domain.accounts.commands import Registration
from domain.accounts.jobs import SendRegistrationLink
from domain.accounts.mails import AddressInUse, RegistrationLink
from domain.accounts.model import RegistrationPolicy, User, UserId
from domain.accounts.notice_service import FORGOTTEN_PATH, mail_id
from domain.accounts.one_time import FORMAT, LinkPurpose, OneTimeLink, OneTimeLinkId, OneTimeSecrets
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import AccountUow, PasswordHasher
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import Conflict, NotFound, PermissionDenied, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.mail import Letter, Mail, Mailer
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Bucket, Throttle, source_key, source_of
from domain.shared.uow import OpenUow, Written

VERIFY_PATH = "/auth/verify"
PER_SOURCE = 20
PER_ADDRESS = 5
MINUTE = 60.0  # seconds
ADDRESS_WINDOW = 900.0  # seconds


class RegistrationService:
    """An account comes into being when the link in the mail is used, so nobody's address is ever blocked."""

    def __init__(
        self,
        uow: OpenUow[AccountUow],
        hasher: PasswordHasher,
        rules: PasswordRules,
        secrets: OneTimeSecrets,
        throttle: Throttle,
        clock: Clock,
        ids: IdFactory,
        mailer: Mailer,
        *,
        policy: RegistrationPolicy,
        public_url: str,
    ) -> None:
        self._uow = uow
        self._hasher = hasher
        self._rules = rules
        self._secrets = secrets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._policy = policy
        self._public_url = public_url

    async def register(self, actor: Actor, registration: Registration) -> None:
        """Sends a mail to the address; raises Rejected naming every broken rule, TooOften, Unavailable without mail.

        Raises PermissionDenied where only the invited may register. Whether the address has an account is not even
        looked up here: only the mail tells.
        """
        if self._policy is RegistrationPolicy.INVITED:
            raise PermissionDenied("Whoever has been invited may register here, with the token of the invitation.")
        if not self._mailer.is_set:
            raise Unavailable("This server cannot send mail, so nobody can register. Ask whoever runs it.")
        now = self._clock.now()
        person = User.registered(registration, id=UserId(""), now=now, rules=self._rules)
        assert person.email is not None
        await self._throttle.take(mail_buckets("register", actor, person.email))
        waiting = {
            "name": person.name,
            "time_zone": person.time_zone,
            "password_hash": await self._hasher.hash(registration.password),
        }
        link_id = OneTimeLinkId(self._ids.new(OneTimeLink.prefix))
        link = self._secrets.link(link_id, LinkPurpose.REGISTER, person.email, now=now, waiting=waiting)
        async with self._uow(actor) as uow:
            await uow.links.issue(link)
            uow.note(SecurityEventKind.REGISTRATION_ASKED, user_id=None, subject_id=link.id)
            uow.enqueue(SendRegistrationLink(link_id=link.id))
            await uow.commit(None)

    async def verify(self, actor: Actor, token: str) -> Written[User]:
        """Makes the account that a link stands for; raises the same NotFound for whatever link is not good."""
        await self._throttle.take([source_bucket("verify", actor)])
        digest = FORMAT.presented_digest(token)
        now = self._clock.now()
        async with self._uow(actor) as uow:
            link = await uow.links.use(digest, LinkPurpose.REGISTER, now=now) if digest is not None else None
            if link is None:
                raise link_not_good()
            user = User(
                id=UserId(self._ids.new(User.prefix)),
                name=link.waiting["name"],
                email=link.subject,
                time_zone=link.waiting["time_zone"],
                is_placeholder=False,
                created_at=now,
                updated_at=now,
            )
            try:
                await uow.users.add(user)
            except Conflict as error:
                raise link_not_good() from error
            await uow.passwords.add(user.id, link.waiting["password_hash"], now=now)
            uow.note(SecurityEventKind.REGISTERED, user_id=user.id, subject_id=link.id)
            return await uow.commit(user)

    async def send(self, actor: Actor, job: SendRegistrationLink) -> None:
        """Mails the link, or to somebody who has an account that there is one; a replaced link is not sent."""
        async with self._uow(actor) as uow:
            link = await uow.links.by_id(job.link_id)
            known = await uow.users.by_email(link.subject) if link is not None else None
        if link is None:
            return
        letter: Letter
        if known is not None:
            letter = AddressInUse(url=self._public_url + FORGOTTEN_PATH)
        else:
            token = self._secrets.of(link.id)
            url = link_url(self._public_url, VERIFY_PATH, token)
            letter = RegistrationLink(url=url, token=token, expires_at=link.expires_at)
        await self._mailer.send(Mail(id=mail_id(actor), to=link.subject, letter=letter))


def source_bucket(action: str, actor: Actor) -> Bucket:
    return Bucket(f"{action}:{source_key(source_of(actor))}", PER_SOURCE, MINUTE)


def mail_buckets(action: str, actor: Actor, email: str) -> list[Bucket]:
    """What a request that mails somebody counts in: where it comes from, and whom it reaches."""
    name = sha256(email.encode(errors="surrogatepass")).hexdigest()
    return [source_bucket(action, actor), Bucket(f"{action}-mail:{name}", PER_ADDRESS, ADDRESS_WINDOW)]


def link_url(public_url: str, path: str, token: str) -> str:
    return f"{public_url}{path}?token={token}"


def link_not_good() -> NotFound:
    return NotFound("This link is not good: it is unknown, used, replaced or expired.", path=("token",))
