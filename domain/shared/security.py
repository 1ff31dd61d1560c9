"""The security log: what happens around accounts, kept apart from the workspaces' logs because it belongs to none."""

# ruff: noqa: S105  names of events, and no passwords

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class SecurityEventKind(StrEnum):
    SIGNED_IN = "SIGNED_IN"
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_ENDED = "SESSION_ENDED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    REGISTRATION_ASKED = "REGISTRATION_ASKED"
    REGISTERED = "REGISTERED"
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    EMAIL_CHANGE_ASKED = "EMAIL_CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_REFUSED = "PASSWORD_REFUSED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    PASSWORD_RESET_ASKED = "PASSWORD_RESET_ASKED"
    PASSWORD_RESET = "PASSWORD_RESET"
    ACCOUNT_DEACTIVATED = "ACCOUNT_DEACTIVATED"
    ACCOUNT_REACTIVATED = "ACCOUNT_REACTIVATED"
    ACCOUNT_DELETED = "ACCOUNT_DELETED"
    API_KEY_CREATED = "API_KEY_CREATED"
    API_KEY_REVOKED = "API_KEY_REVOKED"
    SIGNING_KEY_ROTATED = "SIGNING_KEY_ROTATED"
    INVITED = "INVITED"
    WORKSPACE_DELETED = "WORKSPACE_DELETED"
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED"
    INVITATION_REVOKED = "INVITATION_REVOKED"
    MEMBER_ROLE_CHANGED = "MEMBER_ROLE_CHANGED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    PROJECT_MEMBER_ADDED = "PROJECT_MEMBER_ADDED"
    PROJECT_MEMBER_REMOVED = "PROJECT_MEMBER_REMOVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """A security event of an account; `subject_id` is the session, key or invitation that the event is about.

    `credential_id` is the session or the API key that the actor used.

    Contains no secrets: IDs, a network address and a device, never a token, password or email address.
    """

    prefix: ClassVar[str] = "sev"

    id: str
    kind: SecurityEventKind
    user_id: str | None
    actor_id: str | None
    credential_id: str | None
    subject_id: str | None
    workspace_id: str | None
    address: str | None
    device: str | None
    occurred_at: datetime
