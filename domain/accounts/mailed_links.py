from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from domain.accounts.mails import AddressInUse
from domain.accounts.model import check_email
from domain.accounts.notice_service import FORGOTTEN_PATH, mail_id
from domain.accounts.one_time import FORMAT, LinkPurpose, OneTimeLink, OneTimeLinkId, OneTimeSecrets
from domain.shared.actor import Actor
from domain.shared.addresses import normal_address
from domain.shared.checks import Checks
from domain.shared.clock import Clock
from domain.shared.errors import NotFound, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.mail import Letter, Mail, Mailer
from domain.shared.throttle import Bucket, Throttle, counted_try, source_key, source_of

PER_SOURCE = 20
PER_ADDRESS = 5
MINUTE = 60.0  # seconds
ADDRESS_WINDOW = 900.0  # seconds
INVALID_LINK = "This link is invalid, already used, or expired. Request a new one."


class MailedLinks:
    """Common part of all links mailed to an unconfirmed address."""

    def __init__(
        self,
        secrets: OneTimeSecrets,
        throttle: Throttle,
        clock: Clock,
        ids: IdFactory,
        mailer: Mailer,
        *,
        public_url: str,
    ) -> None:
        self._secrets = secrets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._public_url = public_url

    async def new(
        self, actor: Actor, purpose: LinkPurpose, email: str, *, account_id: str | None = None
    ) -> OneTimeLink:
        """A link for that address, and about that account if one is named, else about the address.

        Raises Rejected, TooOften, Unavailable without mail. Whether the address has an account is not even looked up
        here: only the mail tells.
        """
        if not self._mailer.is_set:
            raise Unavailable("This server cannot send mail. Contact its operator.")
        address = normal_address(email)
        with Checks() as check:
            check_email(check, address)
        await self._throttle.take(_mail_buckets(purpose, actor, address))
        link_id = OneTimeLinkId(self._ids.new(OneTimeLink.prefix))
        waiting = {"email": address} if account_id is not None else None
        return self._secrets.link(link_id, purpose, account_id or address, now=self._clock.now(), waiting=waiting)

    @asynccontextmanager
    async def presented(self, actor: Actor, purpose: LinkPurpose, token: str) -> AsyncIterator[str]:
        """The digest to look for, the block being one try to use it; raises NotFound for what is no token, TooOften."""
        async with counted_try(self._throttle, [source_bucket(f"{purpose.lower()}-link", actor)]):
            digest = FORMAT.presented_digest(token)
            if digest is None:
                raise link_not_good()
            yield digest

    def opened(self, link: OneTimeLink, path: str) -> tuple[str, str]:
        """The link's token, and the URL of the page that accepts it."""
        token = self._secrets.of(link.id)
        return token, f"{self._public_url}{path}?token={token}"

    def address_in_use(self) -> AddressInUse:
        """The mail sent instead of a link when the address already has an account."""
        return AddressInUse(url=self._public_url + FORGOTTEN_PATH)

    async def send(self, actor: Actor, link: OneTimeLink, letter: Letter) -> None:
        """Mails the letter to the recipient of the link."""
        await self._mailer.send(Mail(id=mail_id(actor), to=link.address, letter=letter))


def source_bucket(action: str, actor: Actor) -> Bucket:
    return Bucket(f"{action}:{source_key(source_of(actor))}", PER_SOURCE, MINUTE)


def link_not_good() -> NotFound:
    return NotFound(INVALID_LINK, path=("token",))


def _mail_buckets(purpose: LinkPurpose, actor: Actor, email: str) -> list[Bucket]:
    """Rate-limit buckets of a request that sends a mail: one for its source and one for its recipient."""
    action = purpose.lower()
    name = sha256(email.encode(errors="surrogatepass")).hexdigest()
    return [source_bucket(action, actor), Bucket(f"{action}-mail:{name}", PER_ADDRESS, ADDRESS_WINDOW)]
