"""The token, revocation and introspection endpoints, in the wire format of RFC 6749, RFC 7009 and RFC 7662.

The password grant signs in first-party clients only: RFC 9700 forbids it for third parties.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.auth.forms import MalformedForm, read_form
from api.shared.authentication import client_info_of
from api.shared.refusals import refusal_of, retry_headers
from domain.app import App
from domain.auth.errors import InvalidGrant
from domain.auth.model import AuthOptions, LiveToken, Tokens
from domain.shared.actor import Actor
from domain.shared.errors import DomainError, Unavailable
from domain.shared.throttle import TooOften

CLIENT_ID = "workgraph"
UNCACHED = MappingProxyType({"Cache-Control": "no-store", "Pragma": "no-cache"})
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")  # RFC 6749, 2.3.1; RFC 7521, 4.2

Form = Mapping[str, str]


class OAuthError(Exception):
    """An error response of RFC 6749 section 5.2."""

    def __init__(
        self, error: str, description: str, *, status: int = HTTPStatus.BAD_REQUEST, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers


def caller(request: Request) -> Actor:
    """An actor without a user, with the client's address and device."""
    return Actor(client=client_info_of(request.scope))


async def answer_token(request: Request, app: App) -> Response:
    """Answers POST /auth/token."""
    return await _answered(request, app, _token)


async def answer_revocation(request: Request, app: App) -> Response:
    """Answers POST /auth/revoke with 200 for known and unknown tokens (RFC 7009 section 2.2)."""
    return await _answered(request, app, _revocation)


async def answer_introspection(request: Request, app: App, actor: Actor) -> Response:
    """Answers POST /auth/introspect of a signed-in user."""

    async def handle(request: Request, app: App, form: Form) -> Response:
        found = await app.auth.introspect(actor, _required(form, "token"))
        return _json({"active": False} if found is None else _introspected(found, app.auth.options))

    return await _answered(request, app, handle)


def _introspected(token: LiveToken, options: AuthOptions) -> Mapping[str, object]:
    """Response body of RFC 7662 section 2.2. A refresh token has fewer members."""
    content: dict[str, object] = {
        "active": True,
        "client_id": token.client_id,
        "sub": token.user_id,
        "iss": options.issuer,
        "exp": int(token.expires_at.timestamp()),
    }
    if token.issued_at is not None:
        content |= {
            "token_type": "Bearer",
            "aud": options.audience,
            "iat": int(token.issued_at.timestamp()),
            "jti": token.token_id,
        }
    return content


async def _answered(
    request: Request, app: App, handle: Callable[[Request, App, Form], Awaitable[Response]]
) -> Response:
    try:
        return await handle(request, app, await _form(request))
    except OAuthError as error:
        content = {"error": error.error, "error_description": error.description}
        return _json(content, status=error.status, headers=error.headers)


async def _form(request: Request) -> Form:
    try:
        form = await read_form(request)
    except MalformedForm as error:
        raise OAuthError("invalid_request", str(error)) from error
    _check_client(request, form)
    return form


def _check_client(request: Request, form: Form) -> None:
    """Raises OAuthError unless the client is the single public client. Sending `client_id` is optional."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    # A client that authenticates with a header gets 401 and a challenge (RFC 6749 section 5.2).
    if scheme not in ("", "bearer"):
        challenge = {"WWW-Authenticate": 'Basic realm="workgraph"'}
        message = "Client authentication is not supported. Send `client_id` in the request body, or omit it."
        raise OAuthError("invalid_client", message, status=HTTPStatus.UNAUTHORIZED, headers=challenge)
    if form.get("client_id", CLIENT_ID) != CLIENT_ID or not form.keys().isdisjoint(_CREDENTIALS):
        raise OAuthError("invalid_client", f"`client_id` must be `{CLIENT_ID}`, and no client secret can be sent.")


async def _token(request: Request, app: App, form: Form) -> Response:
    grant = GRANTS.get(_required(form, "grant_type"))
    if grant is None:
        raise OAuthError("unsupported_grant_type", f"`grant_type` must be one of: {', '.join(GRANTS)}.")
    if "scope" in form:
        raise OAuthError("invalid_scope", "Scopes are not supported. Omit `scope`.")
    try:
        tokens = await grant(request, app, form)
    except InvalidGrant as error:
        raise OAuthError("invalid_grant", error.message) from error
    except TooOften as error:
        raise _temporary("invalid_request", error) from error
    except Unavailable as error:
        raise _temporary("temporarily_unavailable", error) from error
    return _json(
        {
            "access_token": tokens.access_token,
            "token_type": "Bearer",
            "expires_in": tokens.expires_in,
            "refresh_token": tokens.refresh_token,
        }
    )


async def _password(request: Request, app: App, form: Form) -> Tokens:
    email, password = _required(form, "username"), _required(form, "password")
    return await app.auth.sign_in(caller(request), email, password, client_id=CLIENT_ID)


async def _refresh_token(request: Request, app: App, form: Form) -> Tokens:
    return await app.auth.refresh(caller(request), _required(form, "refresh_token"))


GRANTS: Mapping[str, Callable[[Request, App, Form], Awaitable[Tokens]]] = MappingProxyType(
    {"password": _password, "refresh_token": _refresh_token}
)


async def _revocation(request: Request, app: App, form: Form) -> Response:
    try:
        await app.auth.revoke(caller(request), _required(form, "token"))
    except Unavailable as error:
        raise _temporary("temporarily_unavailable", error) from error
    return Response(status_code=HTTPStatus.OK, headers=dict(UNCACHED))


def _temporary(code: str, error: DomainError) -> OAuthError:
    """An OAuthError with `Retry-After`. RFC 6749 defines no error code for a temporary refusal."""
    return OAuthError(code, error.message, status=refusal_of(error).status, headers=retry_headers(error))


def _required(form: Form, name: str) -> str:
    if name not in form:
        raise OAuthError("invalid_request", f"`{name}` is missing.")
    return form[name]


def _json(content: Mapping[str, object], *, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}) -> Response:
    return Response(orjson.dumps(content), status, {**UNCACHED, **headers}, "application/json")
