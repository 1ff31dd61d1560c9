"""The security log, apart from the rest of the audit: people's types show it, and events show people."""

from datetime import datetime
from typing import ClassVar

import strawberry

from api.shared.enums import describe_enum
from domain.shared import security
from domain.shared.security import SecurityEventKind

describe_enum(
    SecurityEventKind,
    name="SecurityEventKind",
    description="What has happened around an account.",
    SIGNED_IN="Somebody signed in.",
    SIGN_IN_REFUSED="A sign-in was refused.",
    SIGNED_OUT="Somebody signed out.",
    SESSION_ENDED="A session was ended from another one, or by itself.",
    REFRESH_TOKEN_REUSED="A spent refresh token was presented again, so its session was ended.",  # noqa: S106  about one
    REGISTRATION_ASKED="Somebody wants to sign up with an address, which gets a link.",
    REGISTERED="The account was made.",
    EMAIL_VERIFIED="The address was proved.",
    EMAIL_CHANGE_ASKED="Another address was asked for.",
    EMAIL_CHANGED="The address was changed.",
    PASSWORD_REFUSED="Somebody signed in gave a wrong password for a change of the account.",  # noqa: S106  about one
    PASSWORD_CHANGED="The password was changed.",  # noqa: S106  about one
    PASSWORD_RESET_ASKED="A link for a new password was asked for.",  # noqa: S106  about one
    PASSWORD_RESET="A new password was set through a link.",  # noqa: S106  about one
    ACCOUNT_DEACTIVATED="The account was deactivated.",
    ACCOUNT_REACTIVATED="The account was activated again.",
    ACCOUNT_DELETED="The account was deleted.",
    API_KEY_CREATED="An API key was made.",
    API_KEY_REVOKED="An API key was revoked.",
    SIGNING_KEY_ROTATED="The server got a new signing key.",
    INVITED="Somebody was invited.",
    INVITATION_ACCEPTED="An invitation was accepted.",
    INVITATION_REVOKED="An invitation was revoked.",
    MEMBER_ROLE_CHANGED="A member's role was changed.",
    MEMBER_REMOVED="A member was removed.",
    PROJECT_MEMBER_ADDED="A guest was let into a project.",
    PROJECT_MEMBER_REMOVED="A guest was taken out of a project.",
)


@strawberry.type(description="A line of your security log.")
class SecurityEvent:
    describes: ClassVar[type] = security.SecurityEvent

    id: strawberry.ID = strawberry.field(description="The line's id.")
    kind: SecurityEventKind = strawberry.field(description="What has happened.")
    actor_id: strawberry.ID | None = strawberry.field(
        description="The person who did it; null if nobody was signed in."
    )
    session_id: strawberry.ID | None = strawberry.field(description="The session that it was done in.")
    subject_id: strawberry.ID | None = strawberry.field(
        description="The session, key, member or invitation that it is about."
    )
    workspace_id: strawberry.ID | None = strawberry.field(description="Where it happened, if it was in a workspace.")
    address: str | None = strawberry.field(description="The network address that it came from.")
    device: str | None = strawberry.field(description="What the program that did it said that it is.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
