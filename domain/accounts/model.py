"""People."""

import re
import unicodedata
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, NewType

from domain.accounts.commands import Registration
from domain.accounts.passwords import check_password
from domain.shared.actor import Actor
from domain.shared.checks import Checks

_PLAIN = r"[^@\s\x00-\x1f\x7f-\x9f\ud800-\udfff]"
EMAIL = re.compile(rf"(?=.{{3,254}}$){_PLAIN}{{1,64}}@{_PLAIN}+")  # lengths: RFC 5321, 4.5.3.1, erratum 1690
EMAIL_RULE = "an e-mail address such as ann@example.org"

UserId = NewType("UserId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person; a placeholder stands for somebody that an import named and who has not signed up."""

    prefix: ClassVar[str] = "usr"

    id: UserId
    name: str
    email: str | None
    is_placeholder: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def registered(cls, registration: Registration, *, id: UserId, now: datetime) -> "User":
        """Raises Rejected naming every field that breaks a rule, the password's included."""
        email = normal_email(registration.email)
        with Checks() as check:
            if email:
                check.matches("email", email, EMAIL, EMAIL_RULE)
            else:
                check.line("email", email)
            name = check.line("name", registration.name, longest=80)
            check_password(check, registration.password, personal=(email, name))
        return cls(id=id, name=name, email=email, is_placeholder=False, created_at=now, updated_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Actor):
    """Somebody who has just been authenticated, with their account as it was then: for one request, and no longer."""

    account: User

    def lasting(self) -> Actor:
        return Actor(**{field.name: getattr(self, field.name) for field in fields(Actor)})


def normal_email(email: str) -> str:
    """The form in which addresses are stored and compared."""
    return unicodedata.normalize("NFC", email).strip().lower()
