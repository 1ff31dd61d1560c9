"""What the REST requests about an account carry."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from domain.accounts.commands import Newcomer


class _Body(BaseModel):
    # What was sent is not repeated in errors: most of it is secret.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, alias_generator=to_camel)


class VerificationBody(_Body):
    token: str = Field(repr=False)
    name: str
    password: str = Field(repr=False)
    time_zone: str = "UTC"

    def newcomer(self) -> Newcomer:
        return Newcomer(name=self.name, password=self.password, time_zone=self.time_zone)


class ForgottenBody(_Body):
    email: str


class ResetBody(_Body):
    token: str = Field(repr=False)
    password: str = Field(repr=False)


class PasswordChangeBody(_Body):
    current_password: str = Field(repr=False)
    new_password: str = Field(repr=False)


class EmailChangeBody(_Body):
    current_password: str = Field(repr=False)
    email: str


class ConfirmationBody(_Body):
    token: str = Field(repr=False)
    current_password: str = Field(repr=False)


class ProofBody(_Body):
    current_password: str = Field(repr=False)
