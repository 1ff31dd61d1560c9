from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.mail import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLink(Letter):
    """To a new address; nothing in it was written by whoever asked, who may be anybody."""

    kind: ClassVar[str] = "accounts.registration_link"

    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInUse(Letter):
    """To an address that has an account already, in place of a link."""

    kind: ClassVar[str] = "accounts.address_in_use"

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetLink(Letter):
    """To somebody who has forgotten the password, or whom somebody else says so of."""

    kind: ClassVar[str] = "accounts.password_reset_link"

    person: str
    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeLink(Letter):
    """To the new address of somebody."""

    kind: ClassVar[str] = "accounts.email_change_link"

    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotice(Letter):
    """What has happened to an account, to its owner, who may not have done it."""

    kind: ClassVar[str] = "accounts.account_notice"

    person: str
    what: str
    url: str | None
    """Where to choose another password, if that is of any use."""
