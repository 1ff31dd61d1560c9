"""People."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar, NewType
from zoneinfo import available_timezones

from domain.accounts.commands import Newcomer, ProfileChanges, Registration
from domain.accounts.passwords import PasswordRules, check_password
from domain.shared.actor import Actor
from domain.shared.addresses import is_address, normal_address
from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked
from domain.shared.unset import sent_fields

DELETED_NAME = "Deleted user"
LONGEST_NAME = 80  # characters
LONGEST_INITIALS = 3  # characters

UserId = NewType("UserId", str)


class RegistrationPolicy(StrEnum):
    """Rule for sign-up: open to anyone, or only to people with an invitation to a workspace."""

    OPEN = "open"
    INVITED = "invited"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user account.

    A placeholder represents a person named by an import who has not signed up. A deleted account keeps only its
    content. Neither has an address.
    """

    prefix: ClassVar[str] = "usr"

    id: UserId
    name: str
    email: str | None
    own_initials: str | None = None
    time_zone: str = "UTC"
    is_placeholder: bool
    is_deleted: bool = False
    created_at: datetime
    updated_at: datetime

    @classmethod
    def registered(cls, registration: Registration, *, id: UserId, now: datetime, rules: PasswordRules) -> "User":
        """Raises Rejected naming every field that breaks a rule, the password's included."""
        email = normal_address(registration.email)
        with Checks() as check:
            check_email(check, email)
            name = check_newcomer(check, registration, email=email, rules=rules)
        return from_draft(
            cls, registration, id=id, name=name, email=email, is_placeholder=False, created_at=now, updated_at=now
        )

    def changed(self, changes: ProfileChanges, *, now: datetime) -> "User":
        sent = sent_fields(changes)
        if "initials" in sent:
            sent["own_initials"] = sent.pop("initials")
        return rechecked(self, now=now, **sent)

    def deleted(self, *, now: datetime) -> "User":
        """The account as others see it after its deletion: without name and address."""
        return replace(
            self, name=DELETED_NAME, email=None, own_initials=None, time_zone="UTC", is_deleted=True, updated_at=now
        )

    def checked(self) -> "User":
        """The person with the profile's text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            name = check.name("name", self.name, longest=LONGEST_NAME)
            initials = self.own_initials
            if initials is not None:
                initials = check.name("initials", initials, longest=LONGEST_INITIALS)
            check_time_zone(check, self.time_zone)
        return replace(self, name=name, own_initials=initials)

    @property
    def initials(self) -> str:
        """The person's own choice, or the first letters of the first and last word of the name."""
        words = self.name.split()
        letters = words[0][:1] + (words[-1][:1] if len(words) > 1 else "") if words else "?"
        return self.own_initials or letters.upper()[:LONGEST_INITIALS]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Actor):
    """An actor with the account as loaded during authentication. Valid for one request only."""

    account: User

    def without_request_data(self) -> Actor:
        return Actor(**{field.name: getattr(self, field.name) for field in fields(Actor)})


def check_newcomer(check: Checks, newcomer: Newcomer, *, email: str = "", rules: PasswordRules) -> str:
    """The name, normalized; `email` is left out while the address is not known."""
    name = check.name("name", newcomer.name, longest=LONGEST_NAME)
    check_password(check, newcomer.password, personal=(email, name), rules=rules)
    check_time_zone(check, newcomer.time_zone)
    return name


def check_email(check: Checks, email: str) -> None:
    """Notes a broken rule unless the email is an address in normal form (domain/shared/addresses.py)."""
    if not is_address(email):
        check.fail("email", "{field} must be an email address, such as ann@example.org.")


def check_time_zone(check: Checks, name: str) -> None:
    """Fails for what is not a name of the IANA time zone database."""
    if name not in _time_zones():
        check.fail("time_zone", "{field} must be an IANA time zone name, such as Europe/Berlin.")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
