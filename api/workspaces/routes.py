"""Where the link of an invitation leads: a page, and its form."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth.forms import MalformedForm, read_form
from api.auth.oauth import caller
from api.auth.routes import app_of
from api.workspaces.pages import POLICY, invited_page, joined_page
from domain.accounts.commands import Registration
from domain.shared.errors import Conflict, DomainError, NotFound, Rejected
from domain.workspaces.invitation_service import INVITATION_PATH
from domain.workspaces.secrets import FORMAT

router = APIRouter(tags=["invitations"])


@router.get(INVITATION_PATH, include_in_schema=False)
async def invitation(request: Request) -> Response:
    """Says how to join; nothing is looked up, so that whoever fetches links learns and uses up nothing."""
    token = request.query_params.get("token", "")
    shown = token if FORMAT.presented_digest(token) is not None else ""
    return _page(invited_page(action=INVITATION_PATH, token=shown))


@router.post(INVITATION_PATH, include_in_schema=False)
async def join(request: Request) -> Response:
    """Signs somebody up who got the invitation's mail; the token is all that the form is trusted for."""
    try:
        form = await read_form(request)
    except MalformedForm as error:
        return _page(invited_page(action=INVITATION_PATH, token="", refusals=[str(error)]), HTTPStatus.BAD_REQUEST)
    registration = Registration(
        email=form.get("email", ""), name=form.get("name", ""), password=form.get("password", "")
    )
    try:
        written = await app_of(request).invitations.register(caller(request), form.get("token", ""), registration)
    except Rejected as error:
        return _refused(form, *error.errors)
    except (NotFound, Conflict) as error:
        return _refused(form, error)
    return _page(joined_page(name=written.value.name))


def _refused(form: Mapping[str, str], *errors: DomainError) -> Response:
    """The form again, but for the password."""
    entered = {name: form.get(name, "") for name in ("token", "email", "name")}
    page = invited_page(action=INVITATION_PATH, **entered, refusals=[error.message for error in errors])
    return _page(page, HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(text: str, status: int = HTTPStatus.OK) -> Response:
    return Response(text, status, {"Content-Security-Policy": POLICY}, "text/html")
