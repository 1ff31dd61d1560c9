"""POST and GET of /graphql (https://graphql.github.io/graphql-over-http/draft/)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.graphql.admission import Admission, Carrier, MethodRefused
from api.graphql.decoding import (
    GraphQLRequest,
    MalformedRequest,
    check_content_type,
    decode_body,
    decode_query_string,
)
from api.graphql.documents import DocumentRefused, Operation, SignInRequired
from api.graphql.masking import domain_error, format_errors, internal_error
from api.graphql.runner import is_request_error, timeout_error
from api.http.body import read_body
from api.http.compression import mark_confidential
from api.http.negotiation import JSON_TYPE, RESPONSE_TYPE, answer_type, is_page_wanted
from api.http.options import HttpOptions
from api.http.reaper import End, Reaper
from api.shared.authentication import Caller, challenge, client_info_of, identify
from api.shared.context import Context
from api.shared.operation_trace import HEADER as TRACE_HEADER
from api.shared.operation_trace import OperationTrace
from api.shared.refusals import REFUSALS, refusal_of, retry_headers
from api.shared.scalars import json_bytes
from api.shared.statuses import code_of
from domain.app import App
from domain.shared.errors import (
    AUTHENTICATION_REQUIRED,
    DomainError,
    ErrorCode,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

EXPLORER_PATH = "/graphiql"
METHODS = "GET, POST"
_TEMPORARY = {REFUSALS[RateLimited].code: REFUSALS[RateLimited], ErrorCode.UNAVAILABLE: REFUSALS[Unavailable]}
"""Refusals of one field, by error code, after which the request may succeed later."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class GraphQLEndpoint:
    """The ASGI application of the GraphQL route over HTTP."""

    def __init__(self, admission: Admission, app: App, options: HttpOptions, reaper: Reaper) -> None:
        self._admission = admission
        self._app = app
        self._options = options
        self._reaper = reaper
        self._is_cost_shown = options.cost.is_shown
        self._statement_trace = app.statement_trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self.reply(scope, receive, dict(scope["headers"]))
        if reply is not None:
            for message in reply:
                await send(message)

    async def reply(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]
    ) -> tuple[Message, Message] | None:
        """Start and body of the response; None if the client has disconnected. `headers` are those of `scope`."""
        media_type = answer_type(headers.get(b"accept"))
        try:
            answer = await self._answer(scope, receive, headers, media_type)
        except MalformedRequest as error:
            answer = _refusal(error.status, error.message, error.headers)
        except HTTPException as error:
            answer = _refusal(HTTPStatus(error.status_code), error.detail, error.headers or {})
        except Unauthenticated as error:
            # Without a token, the challenge has no error code (RFC 6750 section 3.1).
            reason = "invalid_token" if b"authorization" in headers else None
            answer = _domain_refusal(error, {"WWW-Authenticate": challenge(reason)})
        except (RateLimited, Unavailable) as error:
            answer = _domain_refusal(error, retry_headers(error))
        except Exception as error:  # noqa: BLE001  the client is told in GraphQL's form, the log has the rest
            answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"errors": [internal_error(error)]})
        return None if answer is None else _messages(answer, media_type or JSON_TYPE)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes], media_type: str | None
    ) -> Answer | None:
        method = scope["method"]
        # A browser that opens the endpoint gets the explorer instead of an error.
        if method == "GET" and self._options.explorer is not None and _is_visit(scope, headers):
            return Answer(HTTPStatus.SEE_OTHER, None, {"Location": EXPLORER_PATH})
        if method not in ("GET", "POST"):
            raise MalformedRequest(
                "Method not allowed. Send queries with POST or GET.", HTTPStatus.METHOD_NOT_ALLOWED, Allow=METHODS
            )
        if media_type is None:
            message = f"`Accept` must allow {RESPONSE_TYPE} or {JSON_TYPE}."
            raise MalformedRequest(message, HTTPStatus.NOT_ACCEPTABLE)
        if method == "POST":
            check_content_type(headers.get(b"content-type"))
            body = await read_body(receive)
            if body is None:
                return None
            request = decode_body(body)
        else:
            request = decode_query_string(scope["query_string"])
            # The reaper needs a request whose body has been read.
            if await read_body(receive) is None:
                return None
        seconds = self._options.request_seconds
        deadline = asyncio.get_running_loop().time() + seconds
        with self._reaper.until_left(deadline, scope, receive) as watch:
            return await self._traced(request, scope, media_type)
        if watch.end is End.CLIENT_IS_GONE:
            return None
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, {"errors": format_errors([timeout_error(seconds)])})

    async def _traced(self, request: GraphQLRequest, scope: Scope, media_type: str) -> Answer:
        if self._statement_trace is None or all(name != TRACE_HEADER for name, _ in scope["headers"]):
            return await self._run(request, scope, media_type)
        with self._statement_trace() as statements:
            return await self._run(request, scope, media_type, OperationTrace(statements))

    async def _run(
        self, request: GraphQLRequest, scope: Scope, media_type: str, trace: OperationTrace | None = None
    ) -> Answer:
        caller = await self._caller(scope)
        carrier = Carrier.GET if scope["method"] == "GET" else Carrier.POST
        try:
            admitted = await self._admission.admit(request, caller.actor, carrier)
        except SignInRequired as error:
            raise Unauthenticated(AUTHENTICATION_REQUIRED) from error
        except MethodRefused as refused:
            content = {"errors": format_errors(refused.errors)}
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, content, {"Allow": "POST"})
        except DocumentRefused as refused:
            return _request_error(refused.errors, media_type)
        if admitted.operation.type is OperationType.MUTATION:
            mark_confidential(scope)  # some mutations return an API key or the link of an invitation
        context = Context(app=self._app, actor=caller.actor, trace=trace, confirm_actor=caller.confirm)
        result = await self._admission.run(admitted, request, context)
        if is_request_error(result):
            return _request_error(result.errors or [], media_type)
        extensions = {"cost": admitted.charge.extension()} if self._is_cost_shown else {}
        if trace is not None:
            extensions["trace"] = trace.extension()
        return _executed(result, admitted.operation, extensions)

    async def _caller(self, scope: Scope) -> Caller:
        tokens = [value for name, value in scope["headers"] if name == b"authorization"]
        client = client_info_of(scope)
        try:
            return await identify(self._app.auth, tokens, client)
        except Unauthenticated:
            await self._admission.note_wrong_token(client)
            raise


def _is_visit(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    asks = any(name in scope["query_string"] for name in (b"query=", b"documentId=", b"extensions="))
    return not asks and is_page_wanted(headers.get(b"accept"))


def _executed(result: ExecutionResult, operation: Operation, extensions: Mapping[str, Any]) -> Answer:
    shown = {"extensions": extensions} if extensions else {}
    if not result.errors:
        return Answer(HTTPStatus.OK, {"data": result.data, **shown})
    errors = format_errors(result.errors)
    content = {"errors": errors, "data": result.data, **shown}
    # Answer 429 or 503 only if the whole request can be retried. A failed mutation of several can null `data` although
    # other mutations of the request were committed.
    if operation.type is OperationType.QUERY or (result.data is None and operation.is_single):
        for facts in (error["extensions"] for error in errors):
            refusal = _TEMPORARY.get(facts.get("code"))
            if refusal is not None:
                return Answer(refusal.status, content, refusal.retry_headers(facts.get("retryAfter")))
    return Answer(HTTPStatus.OK, content)


def _request_error(errors: Sequence[GraphQLError], media_type: str) -> Answer:
    """Response to a request of which nothing was executed.

    The status is 200 for `application/json`, whose clients take a 4xx for a failure of the transport.
    """
    status = HTTPStatus.BAD_REQUEST if media_type == RESPONSE_TYPE else HTTPStatus.OK
    return Answer(status, {"errors": format_errors(errors)})


def _refusal(status: HTTPStatus, message: str, headers: Mapping[str, str]) -> Answer:
    return Answer(status, {"errors": [{"message": message, "extensions": {"code": code_of(status)}}]}, headers)


def _domain_refusal(error: DomainError, headers: Mapping[str, str]) -> Answer:
    return Answer(refusal_of(error).status, {"errors": [domain_error(error)]}, headers)


def _messages(answer: Answer, media_type: str) -> tuple[Message, Message]:
    body = b"" if answer.content is None else json_bytes(answer.content)
    headers = [(b"content-length", str(len(body)).encode())]
    if answer.content is not None:
        headers.append((b"content-type", f"{media_type}; charset=utf-8".encode()))
    headers.extend((name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items())
    start = {"type": "http.response.start", "status": int(answer.status), "headers": headers}
    return start, {"type": "http.response.body", "body": body}
