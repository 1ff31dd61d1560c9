"""Errors as clients see them: expected errors with their message, all others logged and masked."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from api.shared.errors import message_of
from api.shared.refusals import extensions_of
from api.shared.request_id import current_request_id
from domain.shared.errors import DomainError, Rejected

Formatted = dict[str, Any]

logger = logging.getLogger(__name__)


def format_errors(errors: Iterable[GraphQLError]) -> list[Formatted]:
    """The errors in the form that clients receive. Unexpected errors share one log record and trace ID."""
    formatted: list[Formatted] = []
    unforeseen: list[GraphQLError] = []
    for error in errors:
        causes = disclosed_causes(error)
        if causes is None:
            unforeseen.append(error)
            formatted.append(_entry(error, "Internal error.", _internal_extensions()))
        elif causes:
            formatted.extend(_entry(error, message_of(cause), extensions_of(cause)) for cause in causes)
        else:
            extensions = error.extensions or {"code": "INVALID_INPUT"}
            formatted.append(_entry(error, error.message, extensions))
    if unforeseen:
        _log(unforeseen)
    return formatted


def internal_error(error: BaseException) -> Formatted:
    """The masked error for a request that failed unexpectedly; logs the cause."""
    logger.error("Internal error, trace id %s", current_request_id(), exc_info=error)
    return {"message": "Internal error.", "extensions": _internal_extensions()}


def disclosed_causes(error: GraphQLError) -> Sequence[DomainError] | None:
    """The domain errors behind an error; empty for a mistake in the request, None for an error to mask."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, DomainError):
        return (cause,)
    if isinstance(cause, Rejected):
        return cause.errors
    # Errors without a path come from parsing, validation and coercion of the request. Errors without a cause are
    # GraphQL's own, about arguments. Errors of resolvers and results have both a path and a cause.
    return () if cause is None or error.path is None else None


def domain_error(error: DomainError) -> Formatted:
    """The formatted error of a request that was refused as a whole."""
    return {"message": message_of(error), "extensions": extensions_of(error)}


def _entry(error: GraphQLError, message: str, extensions: dict[str, Any]) -> Formatted:
    entry: Formatted = {"message": message}
    if error.locations:
        entry["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path:
        entry["path"] = error.path
    entry["extensions"] = extensions
    return entry


def _internal_extensions() -> dict[str, Any]:
    return {"code": "INTERNAL", "traceId": current_request_id()}


def _log(errors: Sequence[GraphQLError]) -> None:
    first = errors[0]
    logger.error(
        "Internal error at %s, trace id %s, %d in this answer",
        ".".join(str(step) for step in first.path or ()),
        current_request_id(),
        len(errors),
        exc_info=first.original_error,
    )
