from pydantic import BaseModel, ConfigDict, Field

from domain.accounts.commands import Registration


class RegistrationInput(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str
    name: str
    password: str = Field(repr=False)
    invitation_token: str | None = Field(default=None, alias="invitationToken", repr=False)

    def command(self) -> Registration:
        return Registration(email=self.email, name=self.name, password=self.password)
