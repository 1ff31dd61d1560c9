"""REST routes for signing up, signing in and signing out."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth.forms import MEDIA_TYPE, MOST_FIELDS
from api.auth.inputs import RegistrationInput
from api.auth.oauth import GRANTS, UNCACHED, answer_introspection, answer_revocation, answer_token, caller
from api.rest.openapi import answer
from api.shared.authentication import authenticate, challenge, client_info_of
from domain.accounts.model import User
from domain.accounts.registration_service import REGISTER_PATH
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import AUTHENTICATION_REQUIRED

KEYS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
_KEYS_SECONDS = 60  # how long clients may cache the public keys

BEARER = HTTPBearer(
    scheme_name="token", auto_error=False, description="An access token from /auth/token, or an API key."
)
"""Security scheme for the OpenAPI document only; `authenticate` reads the header."""
PERSON = answer(
    "The signed-in user.",
    {
        "id": "usr_01m84jak5te00832v3rhnkb4f8",
        "name": "You",
        "email": "you@example.org",
        "initials": "Y",
        "timeZone": "Europe/Berlin",
    },
)

router = APIRouter(tags=["auth"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OAuth endpoint that parses its own form, described for OpenAPI and RFC 8414 metadata.

    `name` is the prefix of its metadata in RFC 8414, such as `token`.
    """

    name: str
    path: str
    auth_method: str  # value of RFC 8414: "none", or "Bearer" for an access token
    fields: Mapping[str, dict[str, Any]]  # JSON Schema keywords of each field besides `type: string`
    required: str
    answer: str
    example: Mapping[str, Any] | None = None

    @property
    def openapi(self) -> dict[str, Any]:
        properties = {name: {"type": "string", **described} for name, described in self.fields.items()}
        schema = {
            "type": "object",
            "properties": properties,
            "required": [self.required],
            # Unknown parameters are ignored, repeated ones refused (RFC 6749 section 3.2): a list would repeat a
            # parameter.
            "additionalProperties": {"type": "string"},
            "maxProperties": MOST_FIELDS,
        }
        success = {"description": self.answer} if self.example is None else answer(self.answer, self.example)
        return {
            "requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}},
            "responses": {"200": success, "default": REFUSAL},
        }

    def metadata(self, issuer: str) -> dict[str, Any]:
        """Entries of this endpoint in the server metadata (RFC 8414 section 2)."""
        name = f"{self.name}_endpoint"
        return {name: issuer + self.path, f"{name}_auth_methods_supported": [self.auth_method]}


REFUSAL = answer(
    "Error response with `error` and `error_description` (RFC 6749, section 5.2).",
    {"error": "invalid_request", "error_description": "The request body is not a valid form."},
)
_OF_TOKEN: Mapping[str, dict[str, Any]] = {
    "token": {
        "minLength": 1,
        "description": "An access token, a refresh token or an API key.",
        "examples": ["$WORKGRAPH_TOKEN"],
    },
    "token_type_hint": {"description": "Optional and ignored: the format of a token shows its type."},
}
TOKEN = Endpoint(
    name="token",
    path="/auth/token",
    auth_method="none",
    fields={
        "grant_type": {
            "enum": list(GRANTS),
            "description": "OAuth 2.0 grant type: `password` or `refresh_token`.",
            "examples": ["password"],
        },
        "username": {
            "description": "Email address of the account. Required for `password`.",
            "examples": ["you@example.org"],
        },
        "password": {
            "description": "Password of the account. Required for `password`.",
            "examples": ["a kettle hums at dawn"],
        },
        "refresh_token": {
            "description": "Latest refresh token of the session. Required for `refresh_token`; works once."
        },
    },
    required="grant_type",
    answer="An access token and a refresh token. `expires_in` is in seconds.",
    example={"access_token": "eyJ…", "token_type": "Bearer", "expires_in": 600, "refresh_token": "wgr_…"},
)
REVOCATION = Endpoint(
    name="revocation",
    path="/auth/revoke",
    auth_method="none",
    fields=_OF_TOKEN,
    required="token",
    answer="The token is no longer valid.",
)
INTROSPECTION = Endpoint(
    name="introspection",
    path="/auth/introspect",
    auth_method="Bearer",
    fields=_OF_TOKEN,
    required="token",
    answer="State of the token. Only `active` for tokens that are invalid or belong to another user.",
    example={"active": False},
)


METADATA = answer(
    "Metadata of the authorization server (RFC 8414).",
    {
        "issuer": "https://tracker.example.org",
        **TOKEN.metadata("https://tracker.example.org"),
        **REVOCATION.metadata("https://tracker.example.org"),
        **INTROSPECTION.metadata("https://tracker.example.org"),
        "jwks_uri": f"https://tracker.example.org{KEYS_PATH}",
        "grant_types_supported": list(GRANTS),
    },
)


def app_of(request: Request) -> App:
    app: App = request.app.state.app
    return app


async def signed_in(request: Request, _: Annotated[object, Security(BEARER)] = None) -> Actor:
    """The actor that the bearer token identifies; other requests are answered with 401."""
    values = [value for name, value in request.headers.raw if name == b"authorization"]
    actor = await authenticate(app_of(request).auth, values, client_info_of(request.scope))
    if actor.user_id is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            AUTHENTICATION_REQUIRED,
            {"WWW-Authenticate": challenge()},
        )
    return actor


@router.post(TOKEN.path, openapi_extra=TOKEN.openapi)
async def create_token(request: Request, app: Annotated[App, Depends(app_of)]) -> Response:
    """Issue an access token and a refresh token, for a password or a refresh token (RFC 6749)."""
    return await answer_token(request, app)


@router.post(REVOCATION.path, response_class=Response, openapi_extra=REVOCATION.openapi)
async def revoke_token(request: Request, app: Annotated[App, Depends(app_of)]) -> Response:
    """Revoke a token: ends its session, or revokes the API key (RFC 7009)."""
    return await answer_revocation(request, app)


@router.post(INTROSPECTION.path, openapi_extra=INTROSPECTION.openapi)
async def introspect_token(
    request: Request, app: Annotated[App, Depends(app_of)], actor: Annotated[Actor, Depends(signed_in)]
) -> Response:
    """Introspect one of your own tokens (RFC 7662). Tokens of other users are reported as inactive."""
    return await answer_introspection(request, app, actor)


@router.post(
    REGISTER_PATH,
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    response_description="The request is accepted. The result is sent by mail.",
    responses={
        HTTPStatus.CREATED.value: {
            **PERSON,
            "description": "The new user. Returned only for requests with `invitationToken`.",
        }
    },
)
async def register(request: Request, app: Annotated[App, Depends(app_of)], person: RegistrationInput) -> Response:
    """Sign up: mail a link that creates the account. The response does not reveal whether one exists.

    With the token of an invitation, the account and the membership are created immediately.
    """
    if person.invitation_token is not None:
        written = await app.invitations.register(caller(request), person.invitation_token, person.command())
        return person_answer(written.value, status=HTTPStatus.CREATED)
    await app.registrations.register(caller(request), person.email)
    return Response(None, HTTPStatus.ACCEPTED, dict(UNCACHED))


@router.get("/auth/me", responses={HTTPStatus.OK.value: PERSON})
async def get_viewer(app: Annotated[App, Depends(app_of)], actor: Annotated[Actor, Depends(signed_in)]) -> Response:
    """Get the signed-in user."""
    return person_answer(await app.accounts.viewer(actor))


@router.get(KEYS_PATH, responses={HTTPStatus.OK.value: answer("A JSON Web Key Set.", {"keys": []})})
async def get_signing_keys(app: Annotated[App, Depends(app_of)]) -> Response:
    """Get the public keys that access tokens are signed with (RFC 7517)."""
    return _json({"keys": await app.auth.published_keys(Actor())}, caching=f"public, max-age={_KEYS_SECONDS}")


@router.get(METADATA_PATH, responses={HTTPStatus.OK.value: METADATA})
async def get_server_metadata(app: Annotated[App, Depends(app_of)]) -> Response:
    """Get the metadata of the authorization server (RFC 8414). There are no redirects, so no response types."""
    issuer = app.auth.options.issuer
    return _json(
        {
            "issuer": issuer,
            **TOKEN.metadata(issuer),
            **REVOCATION.metadata(issuer),
            **INTROSPECTION.metadata(issuer),
            "jwks_uri": issuer + KEYS_PATH,
            "grant_types_supported": list(GRANTS),
        },
        caching="public, max-age=3600",
    )


def person_answer(user: User, *, status: int = HTTPStatus.OK) -> Response:
    """Response with the signed-in user's own data."""
    content = {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "initials": user.initials,
        "timeZone": user.time_zone,
    }
    return Response(orjson.dumps(content), status, dict(UNCACHED), "application/json")


def _json(content: dict[str, Any], *, caching: str) -> Response:
    return Response(orjson.dumps(content), headers={"Cache-Control": caching}, media_type="application/json")
