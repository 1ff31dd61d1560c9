from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.shared.mail import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLink(Letter):
    """Sent to a new address. Contains no text of the requester, because anyone can request it."""

    kind: ClassVar[str] = "accounts.registration_link"

    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInUse(Letter):
    """Sent instead of a link to an address that already has an account."""

    kind: ClassVar[str] = "accounts.address_in_use"

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetLink(Letter):
    """Sent when a password reset is requested, by the account's owner or by another person."""

    kind: ClassVar[str] = "accounts.password_reset_link"

    person: str
    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeLink(Letter):
    """Sent to the new address of an account."""

    kind: ClassVar[str] = "accounts.email_change_link"

    url: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotice(Letter):
    """Notifies the owner about a change of the account, which another person may have made."""

    kind: ClassVar[str] = "accounts.account_notice"

    person: str
    what: str
    url: str | None
    """Page to reset the password; None if a reset would not help."""
