"""The page that the link of an invitation leads to."""

from collections.abc import Mapping

from fastapi import APIRouter

from api.auth.form_pages import NAME, NEW_PASSWORD, SIGN_IN, Field, FormPage
from domain.accounts.commands import Registration
from domain.app import App
from domain.shared.actor import Actor
from domain.workspaces.invitation_service import INVITATION_PATH
from domain.workspaces.secrets import FORMAT

router = APIRouter(tags=["invitations"])


async def _join(app: App, actor: Actor, form: Mapping[str, str]) -> None:
    registration = Registration(
        email=form.get("email", ""), name=form.get("name", ""), password=form.get("password", "")
    )
    await app.invitations.register(actor, form.get("token", ""), registration)


_INVITED = Field(
    name="email", label="Email address that the invitation was sent to", kind="email", autocomplete="username"
)
FormPage(
    path=INVITATION_PATH,
    title="You are invited to a workspace",
    button="Sign up and join",
    done="Your account is ready, and you are a member of the workspace. Sign in with your email address and password.",
    onward=(SIGN_IN,),
    beside=(SIGN_IN,),
    secret=FORMAT,
    fields=(_INVITED, NAME, NEW_PASSWORD),
    template="invitation.html",
    act=_join,
).add_to(router)
