"""Accounts over REST, and the pages that links in mails lead to. Opening a page uses nothing up: its button does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.accounts.bodies import (
    EmailChangeBody,
    ForgottenBody,
    PasswordChangeBody,
    ProofBody,
    ResetBody,
    TokenBody,
)
from api.accounts.pages import EMAIL_FIELD, PASSWORD_FIELD, POLICY, form_page, message_page
from api.auth.forms import MalformedForm, read_form
from api.auth.oauth import UNCACHED, caller
from api.auth.routes import app_of, person_answer, signed_in
from domain.accounts.notice_service import FORGOTTEN_PATH
from domain.accounts.one_time import FORMAT
from domain.accounts.registration_service import VERIFY_PATH
from domain.app import App
from domain.auth.email_service import CONFIRM_PATH
from domain.auth.password_service import RESET_PATH
from domain.shared.actor import Actor
from domain.shared.errors import NotFound, Rejected, Unavailable

router = APIRouter(tags=["accounts"])
FORM_SUFFIX = "/form"

AppOf = Annotated[App, Depends(app_of)]
SignedIn = Annotated[Actor, Depends(signed_in)]


@router.post(VERIFY_PATH, status_code=HTTPStatus.CREATED)
async def verify(request: Request, app: AppOf, body: TokenBody) -> Response:
    """Makes the account that a registration's mail stands for."""
    written = await app.registrations.verify(caller(request), body.token)
    return person_answer(written.value, status=HTTPStatus.CREATED)


@router.post(FORGOTTEN_PATH, status_code=HTTPStatus.ACCEPTED)
async def forgot(request: Request, app: AppOf, body: ForgottenBody) -> Response:
    """Mails a link for another password, if the address has an account: the answer is the same."""
    await app.passwords.forgot(caller(request), body.email)
    return Response(None, HTTPStatus.ACCEPTED, dict(UNCACHED))


@router.post(RESET_PATH, status_code=HTTPStatus.NO_CONTENT)
async def reset(request: Request, app: AppOf, body: ResetBody) -> Response:
    """Another password by the link of a mail; ends all sessions, and opens none."""
    await app.passwords.reset(caller(request), body.token, body.password)
    return _done()


@router.post("/auth/password/change", status_code=HTTPStatus.NO_CONTENT)
async def change_password(app: AppOf, actor: SignedIn, body: PasswordChangeBody) -> Response:
    """Another password for the person who asks; ends the other sessions."""
    await app.passwords.change(actor, body.current_password, body.new_password)
    return _done()


@router.post("/auth/email/change", status_code=HTTPStatus.ACCEPTED)
async def change_email(app: AppOf, actor: SignedIn, body: EmailChangeBody) -> Response:
    """Mails a link to the new address, which counts once the link has been used; the old one is told."""
    await app.emails.ask(actor, body.current_password, body.email)
    return Response(None, HTTPStatus.ACCEPTED, dict(UNCACHED))


@router.post(CONFIRM_PATH)
async def confirm_email(request: Request, app: AppOf, body: TokenBody) -> Response:
    """Makes the new address count."""
    return person_answer((await app.emails.confirm(caller(request), body.token)).value)


@router.post("/auth/account/deactivate", status_code=HTTPStatus.NO_CONTENT)
async def deactivate(app: AppOf, actor: SignedIn, body: ProofBody) -> Response:
    """Ends all sessions of the person who asks, who can sign in again only when an operator allows it."""
    await app.activations.deactivate_own(actor, body.current_password)
    return _done()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    path: str
    title: str
    button: str
    done: str
    act: Callable[[App, Actor, Mapping[str, str]], Awaitable[object]]
    fields: str = ""

    async def show(self, request: Request) -> Response:
        """The form; nothing is looked up, so that whoever fetches links learns and uses up nothing."""
        token = request.query_params.get("token", "")
        return self._form(token if FORMAT.presented_digest(token) is not None else "")

    async def post(self, request: Request) -> Response:
        """Does what the button says, on a page of ours; the token is all that the form is trusted for."""
        if _is_foreign(request):
            return self._form("", "Use the button of this page.", status=HTTPStatus.FORBIDDEN)
        try:
            form = await read_form(request)
            await self.act(app_of(request), caller(request), form)
        except MalformedForm as error:
            return self._form("", str(error), status=HTTPStatus.BAD_REQUEST)
        except Rejected as error:
            reasons = [each.message for each in error.errors]
            return self._form(form.get("token", ""), *reasons, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        except (NotFound, Unavailable) as error:
            return self._form("", error.message, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return _html(message_page(self.title, self.done))

    def _form(self, token: str, *refusals: str, status: int = HTTPStatus.OK) -> Response:
        page = form_page(
            self.title,
            action=self.path + FORM_SUFFIX,
            button=self.button,
            token=token,
            fields=self.fields,
            refusals=refusals,
        )
        return _html(page, status)


PAGES = (
    _Page(
        path=VERIFY_PATH,
        title="Sign up",
        button="Finish signing up",
        done="You have an account now. Sign in with your address and password.",
        act=lambda app, actor, form: app.registrations.verify(actor, form.get("token", "")),
    ),
    _Page(
        path=FORGOTTEN_PATH,
        title="Forgotten password",
        button="Send a link",
        done="If the address has an account, a link is on its way. It is good for ten minutes.",
        act=lambda app, actor, form: app.passwords.forgot(actor, form.get("email", "")),
        fields=EMAIL_FIELD,
    ),
    _Page(
        path=RESET_PATH,
        title="Another password",
        button="Use this password",
        done="Your password has been changed. Sign in with it.",
        act=lambda app, actor, form: app.passwords.reset(actor, form.get("token", ""), form.get("password", "")),
        fields=PASSWORD_FIELD,
    ),
    _Page(
        path=CONFIRM_PATH,
        title="Another address",
        button="Use this address",
        done="From now on, sign in with this address.",
        act=lambda app, actor, form: app.emails.confirm(actor, form.get("token", "")),
    ),
)
for _page in PAGES:
    router.add_api_route(_page.path, _page.show, methods=["GET"], include_in_schema=False)
    router.add_api_route(_page.path + FORM_SUFFIX, _page.post, methods=["POST"], include_in_schema=False)


def _is_foreign(request: Request) -> bool:
    """Whether a browser says that another site's page sends this; our own pages have no referrer, so no origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return request.headers.get("origin", "null") not in ("null", app_of(request).auth.options.issuer)


def _html(text: str, status: int = HTTPStatus.OK) -> Response:
    return Response(text, status, {**UNCACHED, "Content-Security-Policy": POLICY}, "text/html")


def _done() -> Response:
    return Response(None, HTTPStatus.NO_CONTENT, dict(UNCACHED))
