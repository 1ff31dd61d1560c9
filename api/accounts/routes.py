"""REST routes of accounts, and the pages that links in mails lead to."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.accounts.bodies import (
    ConfirmationBody,
    EmailChangeBody,
    ForgottenBody,
    PasswordChangeBody,
    ProofBody,
    ResetBody,
    VerificationBody,
)
from api.auth.form_pages import NAME, NEW_PASSWORD, PASSWORD, READ_MAIL, SIGN_IN, Field, FormPage, Link
from api.auth.oauth import UNCACHED, caller
from api.auth.routes import PERSON, app_of, person_answer, signed_in
from domain.accounts.commands import Newcomer
from domain.accounts.notice_service import FORGOTTEN_PATH
from domain.accounts.one_time import FORMAT
from domain.accounts.registration_service import REGISTER_PATH, VERIFY_PATH
from domain.app import App
from domain.auth.email_service import CONFIRM_PATH
from domain.auth.password_service import RESET_PATH
from domain.shared.actor import Actor

MAIL_FOLLOWS: dict[str, Any] = {
    "status_code": HTTPStatus.ACCEPTED,
    "response_class": Response,
    "response_description": "The request is accepted. The result is sent by mail.",
}
DONE = "Success. The response has no content."

router = APIRouter(tags=["accounts"])

AppOf = Annotated[App, Depends(app_of)]
SignedIn = Annotated[Actor, Depends(signed_in)]


@router.post(VERIFY_PATH, status_code=HTTPStatus.CREATED, responses={HTTPStatus.CREATED.value: PERSON})
async def verify_registration(request: Request, app: AppOf, body: VerificationBody) -> Response:
    """Finish signing up: create the account with the token of the mail, a name and a password."""
    written = await app.registrations.verify(caller(request), body.token, body.newcomer())
    return person_answer(written.value, status=HTTPStatus.CREATED)


@router.post(FORGOTTEN_PATH, **MAIL_FOLLOWS)
async def request_password_reset(request: Request, app: AppOf, body: ForgottenBody) -> Response:
    """Mail a link to reset the password. The response does not reveal whether the address has an account."""
    await app.passwords.forgot(caller(request), body.email)
    return Response(None, HTTPStatus.ACCEPTED, dict(UNCACHED))


@router.post(RESET_PATH, status_code=HTTPStatus.NO_CONTENT, response_description=DONE)
async def reset_password(request: Request, app: AppOf, body: ResetBody) -> Response:
    """Reset the password with the token of the mail. Ends all sessions; sign in afterwards."""
    await app.passwords.reset(caller(request), body.token, body.password)
    return _done()


@router.post("/auth/password/change", status_code=HTTPStatus.NO_CONTENT, response_description=DONE)
async def change_password(app: AppOf, actor: SignedIn, body: PasswordChangeBody) -> Response:
    """Change the password of the signed-in user. Ends all other sessions."""
    await app.passwords.change(actor, body.current_password, body.new_password)
    return _done()


@router.post("/auth/email/change", **MAIL_FOLLOWS)
async def request_email_change(app: AppOf, actor: SignedIn, body: EmailChangeBody) -> Response:
    """Mail a link to the new email address, which takes effect when the link is confirmed. Notifies the old address."""
    await app.emails.ask(actor, body.current_password, body.email)
    return Response(None, HTTPStatus.ACCEPTED, dict(UNCACHED))


@router.post(CONFIRM_PATH, responses={HTTPStatus.OK.value: PERSON})
async def confirm_email_change(request: Request, app: AppOf, body: ConfirmationBody) -> Response:
    """Confirm a new email address with the token of the mail and the password of the account."""
    written = await app.emails.confirm(caller(request), body.token, body.current_password)
    return person_answer(written.value)


@router.post("/auth/account/deactivate", status_code=HTTPStatus.NO_CONTENT, response_description=DONE)
async def deactivate_account(app: AppOf, actor: SignedIn, body: ProofBody) -> Response:
    """Deactivate the account of the signed-in user and end its sessions. Only an operator can activate it again."""
    await app.activations.deactivate_own(actor, body.current_password)
    return _done()


@router.post("/auth/account/delete", status_code=HTTPStatus.NO_CONTENT, response_description=DONE)
async def delete_account(app: AppOf, actor: SignedIn, body: ProofBody) -> Response:
    """Delete the account of the signed-in user permanently. What the user created remains, without a name."""
    await app.deletions.delete_own(actor, body.current_password)
    return _done()


async def _verify(app: App, actor: Actor, form: Mapping[str, str]) -> None:
    newcomer = Newcomer(name=form.get("name", ""), password=form.get("password", ""))
    await app.registrations.verify(actor, form.get("token", ""), newcomer)


ADDRESS = Field(name="email", label="Email address of your account", kind="email", autocomplete="username")
CURRENT_PASSWORD = Field(
    name="password", label="Password of your account", kind=PASSWORD, autocomplete="current-password"
)
OWN_ADDRESS = Field(name="email", label="Your email address", kind="email", autocomplete="email")
SIGN_UP = Link(path=REGISTER_PATH, text="Sign up")
RESET = Link(path=FORGOTTEN_PATH, text="Reset a forgotten password")
PAGES = (
    FormPage(
        path=REGISTER_PATH,
        operation_id="getRegistrationPage",
        title="Sign up",
        button="Send link",
        secret=FORMAT,
        fields=(OWN_ADDRESS,),
        done="We have sent you a mail. Its link works once and expires after 24 hours.",
        beside=(SIGN_IN, RESET),
        onward=(READ_MAIL,),
        act=lambda app, actor, form: app.registrations.register(actor, form.get("email", "")),
    ),
    FormPage(
        path=VERIFY_PATH,
        operation_id="getVerificationPage",
        title="Sign up",
        button="Finish signing up",
        secret=FORMAT,
        done="Your account is ready. Sign in with your email address and password.",
        fields=(NAME, NEW_PASSWORD),
        onward=(SIGN_IN,),
        act=_verify,
    ),
    FormPage(
        path=FORGOTTEN_PATH,
        operation_id="getForgottenPasswordPage",
        title="Reset your password",
        button="Send link",
        secret=FORMAT,
        fields=(ADDRESS,),
        done="If the address has an account, we have sent a link to it. The link expires after 10 minutes.",
        beside=(SIGN_IN, SIGN_UP),
        onward=(READ_MAIL,),
        act=lambda app, actor, form: app.passwords.forgot(actor, form.get("email", "")),
    ),
    FormPage(
        path=RESET_PATH,
        operation_id="getPasswordResetPage",
        title="Choose a new password",
        button="Change password",
        secret=FORMAT,
        fields=(NEW_PASSWORD,),
        done="Your password has been changed. Sign in with the new password.",
        beside=(RESET,),
        onward=(SIGN_IN,),
        act=lambda app, actor, form: app.passwords.reset(actor, form.get("token", ""), form.get("password", "")),
    ),
    FormPage(
        path=CONFIRM_PATH,
        operation_id="getEmailConfirmationPage",
        title="Confirm your new email address",
        button="Confirm address",
        secret=FORMAT,
        fields=(CURRENT_PASSWORD,),
        done="Your email address has been changed. Sign in with the new address.",
        onward=(SIGN_IN,),
        act=lambda app, actor, form: app.emails.confirm(actor, form.get("token", ""), form.get("password", "")),
    ),
)
for _page in PAGES:
    _page.add_to(router)


def _done() -> Response:
    return Response(None, HTTPStatus.NO_CONTENT, dict(UNCACHED))
