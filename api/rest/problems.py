"""Errors outside GraphQL, as RFC 9457 problem details."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.shared.authentication import challenge
from api.shared.errors import camel_case, message_of
from api.shared.refusals import error_code, refusal_of, retry_headers
from api.shared.statuses import phrase_of
from domain.shared.errors import DomainError, InsufficientScope, Rejected

MEDIA_TYPE = "application/problem+json"
INVALID_REQUEST = "The request is not valid. See `errors` for each field."
_FAILURE = {
    "type": "object",
    "properties": {
        "path": {"type": "array", "items": {"type": "string"}},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
    "required": ["path", "detail"],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": _FAILURE},
    },
    "required": ["title", "status"],
}
"""JSON Schema of a problem object."""


def problem(status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """A problem response with the status; `members` are further members of the problem object."""
    content = {"title": phrase_of(status), "status": status, **members}
    if detail and detail != content["title"]:
        content["detail"] = detail
    return Response(orjson.dumps(content), status, headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(DomainError, domain_problem)
    app.add_exception_handler(Rejected, domain_problem)


async def http_problem(request: Request, error: Exception) -> Response:
    """Handler of HTTPException."""
    assert isinstance(error, HTTPException)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names only the methods of the first route with this path; RFC 9110 section 15.5.6 asks for all.
        operations = request.app.openapi()["paths"].get(request.scope["path"], {})
        headers = {"Allow": ", ".join(map(str.upper, operations))} if operations else headers
    return problem(error.status_code, str(error.detail), headers=headers)


async def _validation_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Problem details never repeat the input, which may be a password.
    found = [
        {"path": [str(part) for part in each["loc"]], "detail": each["msg"].removeprefix("Value error, ")}
        for each in error.errors()
    ]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, INVALID_REQUEST, errors=found)


async def domain_problem(_: Request, error: Exception) -> Response:
    """Handler of DomainError and Rejected."""
    failures = error.errors if isinstance(error, Rejected) else (error,)
    assert failures
    first = failures[0]
    assert isinstance(first, DomainError)
    status, headers = refusal_of(first).status, retry_headers(first)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = challenge("invalid_token")
    elif isinstance(first, InsufficientScope):
        headers["WWW-Authenticate"] = challenge("insufficient_scope", scope=first.scope)
    found = [
        {"path": [camel_case(name) for name in each.path], "detail": message_of(each), "code": error_code(each)}
        for each in failures
        if isinstance(each, DomainError)
    ]
    return problem(status, message_of(first), headers=headers, code=error_code(first), errors=found)
