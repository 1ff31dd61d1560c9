"""GraphQL types of the security log.

They are separate from `types.py` because the types of users need them, and the types of events need users.
"""

from datetime import datetime
from typing import ClassVar

import strawberry

from api.shared.enums import describe_enum
from domain.shared import security
from domain.shared.security import SecurityEventKind

describe_enum(
    SecurityEventKind,
    name="SecurityEventKind",
    description="Type of an event in the security log.",
    SIGNED_IN="A user signed in.",
    SIGN_IN_REFUSED="A sign-in failed because of wrong credentials.",
    SIGNED_OUT="A user signed out.",
    SESSION_ENDED="A session was ended by its user.",
    REFRESH_TOKEN_REUSED="A refresh token was used a second time, so its session was ended.",  # noqa: S106  about one
    REGISTRATION_ASKED="Sign-up was requested for an email address.",
    REGISTERED="An account was created.",
    EMAIL_VERIFIED="An email address was confirmed.",
    EMAIL_CHANGE_ASKED="A change of the email address was requested.",
    EMAIL_CHANGED="The email address was changed.",
    PASSWORD_REFUSED="A change to the account was rejected because of a wrong password.",  # noqa: S106  about one
    PASSWORD_CHANGED="The password was changed.",  # noqa: S106  about one
    PASSWORD_RESET_ASKED="A link to reset the password was requested.",  # noqa: S106  about one
    PASSWORD_RESET="The password was reset through a link.",  # noqa: S106  about one
    ACCOUNT_DEACTIVATED="The account was deactivated.",
    ACCOUNT_REACTIVATED="The account was reactivated.",
    ACCOUNT_DELETED="The account was deleted.",
    API_KEY_CREATED="An API key was created.",
    API_KEY_REVOKED="An API key was revoked.",
    SIGNING_KEY_ROTATED="The server created a new signing key.",
    INVITED="A person was invited to a workspace.",
    INVITATION_ACCEPTED="An invitation was accepted.",
    INVITATION_REVOKED="An invitation was revoked.",
    MEMBER_ROLE_CHANGED="The role of a member was changed.",
    MEMBER_REMOVED="A member was removed from a workspace.",
    WORKSPACE_DELETED="A workspace of which the user was an owner was deleted with everything in it.",
    PROJECT_MEMBER_ADDED="A guest was added to a project.",
    PROJECT_MEMBER_REMOVED="A guest was removed from a project.",
)


@strawberry.type(description="An entry in the security log of your account.")
class SecurityEvent:
    describes: ClassVar[type] = security.SecurityEvent

    id: strawberry.ID = strawberry.field(description="Unique ID of the security event.")
    kind: SecurityEventKind = strawberry.field(description="Type of the security event.")
    actor_id: strawberry.ID | None = strawberry.field(
        description="ID of the user who caused the event. Null if nobody was signed in."
    )
    credential_id: strawberry.ID | None = strawberry.field(
        description="ID of the session or API key that was used. Null if the event was caused without either."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        description="ID of the object that the event is about, such as a session, an API key, a membership or an "
        "invitation. Null if it is about the account itself."
    )
    workspace_id: strawberry.ID | None = strawberry.field(
        description="ID of the workspace in which the event happened. Null if it does not belong to a workspace."
    )
    address: str | None = strawberry.field(
        description="IP address of the client that caused the event. Null if the event did not come over the network."
    )
    device: str | None = strawberry.field(
        description="`User-Agent` header of the client, at most 200 characters. Null if the event did not come "
        "over the network."
    )
    occurred_at: datetime = strawberry.field(description="Time when the event happened.")
