"""Port: mail. A service says which letter goes to whom, with which facts; how it looks is the adapter's business."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

MAIL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Wider than the rule for new addresses (addresses.py), because older addresses are already stored. Excludes only
# characters that RFC 5322 interprets between addresses and characters that could begin a header.
_PLAIN = r"[^@\s\x00-\x1f\x7f-\x9f\ud800-\udfff()<>\[\]:;,\\\"]"
# The lengths are those of RFC 5321, 4.5.3.1, erratum 1690.
ADDRESS = re.compile(rf"(?=.{{3,254}}\Z){_PLAIN}{{1,64}}@(?:{_PLAIN}+|\[{_PLAIN}+\])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Base of every letter: texts, numbers and moments; `kind` is "<slice>.<name>" and names its three templates.

    Links are whole addresses below the public URL, in a fact called `url` or `…_url`. A subject shows no link and no
    token, for subjects are what notifications and logs show.
    """

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A letter to one address; `id` stays the same when it is sent again, so that copies can be recognized."""

    id: str
    to: str
    letter: Letter = field(repr=False)  # it may carry a secret link

    def __post_init__(self) -> None:
        """Raises ValueError for text that could add a header or a recipient."""
        if not MAIL_ID.fullmatch(self.id):
            raise ValueError("A mail's id is made of letters, digits, dots, dashes and underscores.")
        if not ADDRESS.fullmatch(self.to):
            raise ValueError("A mail goes to exactly one address.")


class Mailer(Protocol):
    @property
    def is_set(self) -> bool:
        """Whether mail can be sent or stored: False in production without an SMTP server."""
        ...

    async def send(self, mail: Mail) -> None:
        """Hands the mail to a server that takes responsibility for it; raises Unavailable if none does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A mail stored in the development mailbox instead of being sent."""

    id: str
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sent_at: datetime


class Mailbox(Protocol):
    async def newest(self) -> Sequence[StoredMail]:
        """The stored mails, newest first."""
        ...

    async def find(self, mail_id: str) -> StoredMail | None:
        """The mail with this id, or None."""
        ...
