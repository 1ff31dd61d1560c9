"""Bodies of the REST requests about accounts."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from api.auth.inputs import EMAIL
from domain.accounts.commands import Newcomer

RULE = "At least 15 characters, and not a common password."
TOKEN: str = Field(repr=False, description="Token of the mail. Works once.", examples=["wgo_…"])
PASSWORD: str = Field(repr=False, description=RULE, examples=["a kettle hums at dawn"])
CURRENT: str = Field(repr=False, description="Current password of the account.", examples=["a kettle hums at dawn"])


class _Body(BaseModel):
    # Errors never repeat the request body, which holds passwords and tokens.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, alias_generator=to_camel)


class VerificationBody(_Body):
    token: str = TOKEN
    name: str = Field(description="Display name, at most 80 characters, without `://` and `www.`.", examples=["You"])
    password: str = PASSWORD
    time_zone: str = Field(default="UTC", description="IANA time zone name, such as Europe/Berlin.")

    def newcomer(self) -> Newcomer:
        return Newcomer(name=self.name, password=self.password, time_zone=self.time_zone)


class ForgottenBody(_Body):
    email: str = Field(
        description="Email address of the account.", examples=["you@example.org"], json_schema_extra=EMAIL
    )


class ResetBody(_Body):
    token: str = TOKEN
    password: str = PASSWORD


class PasswordChangeBody(_Body):
    current_password: str = CURRENT
    new_password: str = Field(repr=False, description=RULE, examples=["another kettle hums at dusk"])


class EmailChangeBody(_Body):
    current_password: str = CURRENT
    email: str = Field(
        description="New email address of the account.", examples=["you@example.org"], json_schema_extra=EMAIL
    )


class ConfirmationBody(_Body):
    token: str = TOKEN
    current_password: str = CURRENT


class ProofBody(_Body):
    current_password: str = CURRENT
