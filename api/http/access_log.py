"""One log record per request, and the handler of unexpected errors."""

import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.graphql.masking import internal_error
from api.rest.problems import problem
from api.shared.request_id import (
    begin_request,
    current_database_seconds,
    current_operation,
    note_database_seconds,
    note_operation,
)

QUIET_PATHS = frozenset({"/livez", "/readyz"})
LONGEST_PATH = 200

logger = logging.getLogger(__name__)


class AccessLog:
    """ASGI middleware that gives each request an ID and logs it, without its query, variables or tokens."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        offered = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
        request_id = begin_access(offered)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            log_access(scope, status, (time.perf_counter() - started) * 1000)


class ErrorBoundary:
    """ASGI middleware that logs unexpected errors and answers with 500 through the layers around it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False

        async def send_noting(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:  # noqa: BLE001  whatever was not foreseen is logged here, once
            answer = internal_problem(error)
            if not is_started:
                await answer(scope, receive, send_noting)


def internal_problem(error: Exception) -> Response:
    """Logs an unexpected error and returns the response that hides it."""
    failure = internal_error(error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, failure["message"], **failure["extensions"])


def begin_access(offered: bytes | None) -> bytes:
    """Begins a request for `log_access`; returns its ID, which is the offered one if it is safe."""
    request_id = begin_request(offered)
    note_operation(None)
    note_database_seconds(None)
    return request_id.encode()


def log_access(scope: Scope, status: int, milliseconds: float) -> None:
    """Logs the current request; the status is 0 if it was not answered."""
    # Probes are frequent, so successful ones are logged at DEBUG only.
    level = logging.DEBUG if scope["path"] in QUIET_PATHS and status == HTTPStatus.OK else logging.INFO
    if not logger.isEnabledFor(level):
        return
    # Log the path as sent: decoded, it could contain line breaks.
    path = (scope.get("raw_path") or b"").partition(b"?")[0][:LONGEST_PATH].decode("latin-1")
    method, duration = scope["method"], round(milliseconds, 1)
    facts: dict[str, object] = {"method": method, "path": path, "status": status, "ms": duration}
    message = f"{method} {path} {status} {duration}"
    seconds = current_database_seconds()
    if seconds is not None:
        facts["database_ms"] = database_ms = round(seconds * 1000, 1)
        message += f" (database {database_ms})"
    operation = current_operation()
    if operation is not None:
        facts["operation"] = operation
        message += f" {operation}"
    emit_facts = _direct_way()
    if emit_facts is None or not emit_facts(level, logger.name, message, facts):
        logger.log(level, "%s", message, extra={"facts": facts})


def _direct_way() -> Callable[[int, str, str, Mapping[str, object]], bool] | None:
    """The method `emit_facts` of the logger's only handler: writes the line without a log record.

    None if anything else could want the record: another handler, a filter, or a record factory of the operator.
    """
    if logger.filters or logging.getLogRecordFactory() is not logging.LogRecord:
        return None
    handlers: list[logging.Handler] = []
    node: logging.Logger | None = logger
    while node is not None:
        handlers += node.handlers
        node = node.parent if node.propagate else None
    return getattr(handlers[0], "emit_facts", None) if len(handlers) == 1 else None
