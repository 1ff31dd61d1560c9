"""Decoding of HTTP requests to GraphQL requests (GraphQL-over-HTTP, "Request")."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

MOST_PARAMETERS = 10
JSON_NAMES = frozenset({"variables", "extensions"})
UTF_8 = frozenset({"utf-8", "utf8"})


class MalformedRequest(Exception):
    """A request that is not a GraphQL request; `status` applies to every media type."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, **headers: str) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """Request with the text of a document, the ID of a trusted document, or only the hash of a document."""

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    document_id: str | None = None
    persisted_hash: str | None = None


def check_content_type(value: bytes | None) -> None:
    """Raises MalformedRequest unless the body is JSON in UTF-8.

    This also refuses everything that a browser sends across origins without a preflight, such as forms and plain text.
    """
    # fast path for the header that most clients send
    if value == b"application/json":
        return
    name, *parameters = (piece.strip() for piece in (value or b"").decode("latin-1").lower().split(";"))
    charsets = [each.partition("=")[2].strip('" ') for each in parameters if each.startswith("charset=")]
    if name != "application/json" or any(charset not in UTF_8 for charset in charsets):
        message = "Send the request with `Content-Type: application/json`, in UTF-8."
        raise MalformedRequest(message, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Accept="application/json")


def decode_body(body: bytes) -> GraphQLRequest:
    """The request in the body of a POST; raises MalformedRequest."""
    return _request(_json(body, "The request body"))


def decode_query_string(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET; raises MalformedRequest."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError as error:
        raise MalformedRequest(
            "The query string is malformed. Send URL-encoded parameters, each at most once."
        ) from error
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        raise MalformedRequest("The query string contains a parameter twice. Send each parameter at most once.")
    for name in JSON_NAMES & parameters.keys():
        parameters[name] = _json(parameters[name], f"`{name}`") if parameters[name] else None
    return _request(parameters)


def _json(text: bytes | str, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"{name} is not valid JSON in UTF-8.") from error


def _request(content: Any) -> GraphQLRequest:
    if isinstance(content, list):
        raise MalformedRequest("Batches are not supported. Send each operation in a request of its own.")
    if not isinstance(content, dict):
        raise MalformedRequest("The request body must be a JSON object.")
    query, document_id = content.get("query"), content.get("documentId")
    persisted = persisted_hash(content)
    if document_id is None:
        if persisted is None and (not isinstance(query, str) or not query):
            raise MalformedRequest("`query` is missing or empty. Send a JSON object with a `query` string.")
    elif not isinstance(document_id, str) or not document_id:
        raise MalformedRequest("`documentId` must be the ID of a trusted document.")
    elif query is not None:
        raise MalformedRequest("Send either `query` or `documentId`, not both.")
    operation_name = content.get("operationName")
    if not isinstance(operation_name, str | None):
        raise MalformedRequest("`operationName` must be a string.")
    for name in ("variables", "extensions"):
        if not isinstance(content.get(name), dict | None):
            raise MalformedRequest(f"`{name}` must be a JSON object.")
    # Some clients send an empty name for a document with a single operation.
    return GraphQLRequest(query, operation_name or None, content.get("variables"), document_id, persisted)


def persisted_hash(content: Mapping[str, Any]) -> str | None:
    """The SHA-256 hash that persisted query links send instead of a document's text or ID."""
    if content.get("query") is not None or content.get("documentId") is not None:
        return None
    extensions: object = content.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    value: object = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return value if isinstance(value, str) else None
