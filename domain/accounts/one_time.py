"""One-time links, which prove that the reader controls the mailed address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NewType, Protocol

from domain.shared.secrets import SecretFormat, digest_of

OneTimeLinkId = NewType("OneTimeLinkId", str)

FORMAT = SecretFormat("wgo_")


class LinkPurpose(StrEnum):
    """The single purpose that a one-time link serves."""

    REGISTER = "REGISTER"
    CHANGE_EMAIL = "CHANGE_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105  a name

    @property
    def life(self) -> timedelta:
        return _LIVES[self]


_LIVES = {
    LinkPurpose.REGISTER: timedelta(hours=24),
    LinkPurpose.CHANGE_EMAIL: timedelta(hours=1),
    LinkPurpose.RESET_PASSWORD: timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeLink:
    """A link that works once. `subject` is the address or account, `waiting` the data applied when it is used."""

    prefix: ClassVar[str] = "otl"

    id: OneTimeLinkId
    purpose: LinkPurpose
    subject: str
    digest: str
    waiting: Mapping[str, Any] = field(default_factory=dict, repr=False)
    created_at: datetime
    expires_at: datetime

    @property
    def address(self) -> str:
        """The address that the link is mailed to."""
        return str(self.waiting.get("email", self.subject))


class OneTimeSecrets:
    """Derives the secret of a link from its id, so that neither the database nor a job ever holds it.

    `key` (32 bytes) is of this purpose alone; without it a link's row tells nothing of its secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, link_id: str) -> str:
        """The secret of the link: 256 bits as text."""
        return FORMAT.derived(self._key, link_id)

    def link(
        self,
        link_id: OneTimeLinkId,
        purpose: LinkPurpose,
        subject: str,
        *,
        now: datetime,
        waiting: Mapping[str, Any] | None = None,
    ) -> OneTimeLink:
        """A new link, valid for the lifetime of its purpose."""
        return OneTimeLink(
            id=link_id,
            purpose=purpose,
            subject=subject,
            digest=digest_of(self.of(link_id)),
            waiting=waiting or {},
            created_at=now,
            expires_at=now + purpose.life,
        )


class OneTimeLinkRepository(Protocol):
    async def issue(self, link: OneTimeLink) -> None:
        """Stores a link and deletes an earlier one with the same purpose and subject."""
        ...

    async def by_id(self, entity_id: str) -> OneTimeLink | None:
        """The link, unless it has been used or replaced."""
        ...

    async def good(self, digest: str, purpose: LinkPurpose, *, now: datetime) -> OneTimeLink | None:
        """The link with the digest, if it has the purpose and has not expired at `now`."""

    async def use(self, digest: str, purpose: LinkPurpose, *, now: datetime) -> OneTimeLink | None:
        """Deletes and returns a valid link, or None. Of concurrent callers, only one gets the link."""
        ...

    async def withdraw(self, *subjects: str) -> None:
        """Removes every link about any of these."""
        ...
