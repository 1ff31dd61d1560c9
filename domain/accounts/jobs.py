from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from domain.shared.jobs import Job


class Notice(StrEnum):
    """Events that the owner of an account is notified about."""

    EMAIL_CHANGE_ASKED = "EMAIL_CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  a name
    DEACTIVATED = "DEACTIVATED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRegistrationLink(Job):
    kind: ClassVar[str] = "accounts.send_registration_link"

    link_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPasswordResetLink(Job):
    kind: ClassVar[str] = "accounts.send_password_reset_link"

    link_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmailChangeLink(Job):
    kind: ClassVar[str] = "accounts.send_email_change_link"

    link_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAccountNotice(Job):
    """Mails a notice to the given address, because the account may have another address by then, or none."""

    kind: ClassVar[str] = "accounts.send_account_notice"

    notice: str
    person: str
    email: str = field(repr=False)
