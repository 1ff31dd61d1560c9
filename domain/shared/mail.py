"""Port: mail."""

import re
from dataclasses import dataclass
from typing import Protocol

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain-text message to one address; `id` stays the same when it is sent again, so that copies can be told."""

    id: str
    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        """Raises ValueError for what could add a header."""
        for name in ("id", "to", "subject"):
            if _CONTROLS.search(getattr(self, name)):
                raise ValueError(f"A mail's {name} is one line.")


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hands the mail to a server that takes responsibility for it; raises Unavailable if none does."""
        ...
