from typing import Any, ClassVar

import strawberry
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.auth.scopes import Scope
from api.shared.inputs import MutationInput
from domain.accounts.commands import Registration
from domain.auth import commands
from domain.shared.addresses import LONGEST_ADDRESS

EMAIL: dict[str, Any] = {"format": "email", "maxLength": LONGEST_ADDRESS}
"""Part of the address rule that JSON Schema can express; domain/shared/addresses.py has the whole rule."""


@strawberry.input(description="Input of the `sessionEnd` mutation.")
class SessionEndInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the session to end.")


@strawberry.input(description="Input of the `sessionsEndOthers` mutation.")
class SessionsEndOthersInput(MutationInput):
    pass


# JSON Schema of the rule that `_asks_for_no_more` checks: without an invitation, the body has an email address only.
_BARE: dict[str, Any] = {
    "properties": {name: {"type": "null"} for name in ("invitationToken", "name", "password", "timeZone")}
}
_INVITED: dict[str, Any] = {"properties": {"invitationToken": {"type": "string"}}, "required": ["invitationToken"]}


class RegistrationInput(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"anyOf": [_BARE, _INVITED]})

    email: str = Field(description="Your email address.", examples=["you@example.org"], json_schema_extra=EMAIL)
    invitation_token: str | None = Field(
        default=None,
        alias="invitationToken",
        repr=False,
        description="Token of the invitation. Required if this server accepts invited users only.",
    )
    name: str | None = Field(default=None, description="Display name. Allowed only with `invitationToken`.")
    password: str | None = Field(default=None, repr=False, description="Allowed only with `invitationToken`.")
    time_zone: str | None = Field(
        default=None,
        alias="timeZone",
        description="IANA time zone name, UTC by default. Allowed only with `invitationToken`.",
    )

    @model_validator(mode="after")
    def _asks_for_no_more(self) -> "RegistrationInput":
        # Refuse these fields instead of ignoring them: a client that sends a password expects it to be set.
        is_bare = self.name is None and self.password is None and self.time_zone is None
        if self.invitation_token is None and not is_bare:
            raise ValueError(
                "`name`, `password` and `timeZone` require `invitationToken`. Without one, send them to /auth/verify."
            )
        return self

    def command(self) -> Registration:
        """The registration of an invited user."""
        return Registration(
            email=self.email, name=self.name or "", password=self.password or "", time_zone=self.time_zone or "UTC"
        )


@strawberry.input(description="Input of the `apiKeyCreate` mutation.")
class ApiKeyCreateInput(MutationInput):
    describes: ClassVar[type] = commands.ApiKeyDraft

    name: str = strawberry.field(description="Name of the API key: one line of at most 80 characters.")
    scopes: list[Scope] = strawberry.field(description="Scopes to grant to the API key, at least one.")
    workspace_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="IDs of the workspaces that the API key can access, 1 to 50. Null for all of your workspaces, "
        "including future ones.",
    )
    expires_in_days: int | None = strawberry.field(
        default=None,
        description="Days until the API key expires, 1 to 365. Default: 90. Omit this field if `neverExpires` is true.",
    )
    never_expires: bool = strawberry.field(
        default=False, description="Whether the API key stays valid until it is revoked. Default: false."
    )


@strawberry.input(description="Input of the `apiKeyRevoke` mutation.")
class ApiKeyRevokeInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the API key to revoke.")
