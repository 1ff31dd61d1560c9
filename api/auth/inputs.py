from typing import ClassVar

import strawberry
from pydantic import BaseModel, ConfigDict, Field

from api.auth.scopes import Scope
from api.shared.inputs import MutationInput
from domain.accounts.commands import Registration
from domain.auth import commands


@strawberry.input(description="Which session to end.")
class SessionEndInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The session's id.")


@strawberry.input(description="Nothing more than any mutation takes.")
class SessionsEndOthersInput(MutationInput):
    pass


class RegistrationInput(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str
    name: str
    password: str = Field(repr=False)
    time_zone: str = Field(default="UTC", alias="timeZone")
    invitation_token: str | None = Field(default=None, alias="invitationToken", repr=False)

    def command(self) -> Registration:
        return Registration(email=self.email, name=self.name, password=self.password, time_zone=self.time_zone)


@strawberry.input(description="A new API key.")
class ApiKeyCreateInput(MutationInput):
    describes: ClassVar[type] = commands.ApiKeyDraft

    name: str = strawberry.field(description="What it is for; at most 80 characters.")
    scopes: list[Scope] = strawberry.field(description="What it may do.")
    workspace_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The workspaces that it opens, at most 50; left out, all of yours."
    )
    expires_in_days: int | None = strawberry.field(default=None, description="1 to 365 days; left out, 90.")
    never_expires: bool = strawberry.field(default=False, description="Whether it lives until it is revoked.")


@strawberry.input(description="Which API key to revoke.")
class ApiKeyRevokeInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The key's id.")
