"""Messages and close codes of graphql-transport-ws.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import orjson

from api.graphql.decoding import persisted_hash
from api.shared.scalars import json_bytes

SUBPROTOCOL = "graphql-transport-ws"
REASON_BYTES = 123  # RFC 6455 section 5.5.1
ID_LENGTH = 256
DEPTH = 64


class CloseCode(IntEnum):
    """Close codes. Clients should reconnect after 1001, 1013, 4290, 4408 and 4499; other codes would repeat."""

    GOING_AWAY = 1001  # this process is stopping
    MESSAGE_TOO_BIG = 1009
    TRY_AGAIN_LATER = 1013  # the process has too many sockets, or no database
    SLOW_CONSUMER = 4290  # the client reads too slowly; resume from the last revision
    BAD_REQUEST = 4400  # not a message of the protocol
    UNAUTHORIZED = 4401  # no valid token, no connection_init yet, or the token or session has ended
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY = 4429  # too many inits, messages per second, operations, or sockets of one user
    SILENT_PEER = 4499  # no message or pong for the maximum silence
    INTERNAL_ERROR = 4500


class Ending(Exception):
    """The reason why the server closes a socket, cut to the length that a close frame can hold."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code:d}: {reason}")
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionInit:
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """A request to run one operation; results carry its id."""

    id: str
    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    document_id: str | None = None
    persisted_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    pass


Message: TypeAlias = ConnectionInit | Subscribe | Complete | Ping | Pong

ACK = orjson.dumps({"type": "connection_ack"})
PING = orjson.dumps({"type": "ping"})
PONG = orjson.dumps({"type": "pong"})


def parse(text: str) -> Message:
    """The client's message; raises Ending(4400) for a message that the protocol does not define."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _bad("Message is not valid JSON") from error
    if not isinstance(message, dict):
        raise _bad("Message is not an object")
    if not _is_shallow(message):
        raise _bad("Message is nested too deeply")
    match message.get("type"):
        case "connection_init":
            return ConnectionInit(payload=_optional_object(message, "payload") or {})
        case "ping":
            _optional_object(message, "payload")
            return Ping()
        case "pong":
            _optional_object(message, "payload")
            return Pong()
        case "subscribe":
            return _subscribe(_id(message), message.get("payload"))
        case "complete":
            return Complete(id=_id(message))
    raise _bad("Message has an unknown type")


def next_message(id: str, payload: Mapping[str, Any] | orjson.Fragment) -> bytes:
    return json_bytes({"id": id, "type": "next", "payload": payload})


def error_message(id: str, errors: Sequence[Mapping[str, Any]]) -> bytes:
    return orjson.dumps({"id": id, "type": "error", "payload": errors})


def complete_message(id: str) -> bytes:
    return orjson.dumps({"id": id, "type": "complete"})


def bearer_token(payload: Mapping[str, Any]) -> str | None:
    """The access token of connection_init: `Authorization: Bearer …` in any letter case, or `token`."""
    given = [value for key, value in payload.items() if key.lower() == "authorization"]
    if len(given) == 1 and isinstance(given[0], str):
        scheme, _, token = given[0].partition(" ")
        return (token.strip() or None) if scheme.lower() == "bearer" else None
    plain: object = payload.get("token")
    return plain if not given and isinstance(plain, str) and plain else None


def _subscribe(id: str, payload: object) -> Subscribe:
    if not isinstance(payload, dict):
        raise _bad("`subscribe` needs a `payload` object")
    query: object = payload.get("query")
    document_id: object = payload.get("documentId")
    if not isinstance(document_id, str | None) or (document_id is not None and query is not None):
        raise _bad("`subscribe` needs either `query` or `documentId`")
    persisted = persisted_hash(payload)
    if not isinstance(query, str | None) or (query is None and document_id is None and persisted is None):
        raise _bad("`subscribe` needs a `query` string")
    operation_name: object = payload.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad("`operationName` must be a string")
    _optional_object(payload, "extensions")
    return Subscribe(
        id=id,
        query=query,
        variables=_optional_object(payload, "variables"),
        operation_name=operation_name,
        document_id=document_id,
        persisted_hash=persisted,
    )


def _id(message: Mapping[str, Any]) -> str:
    given = message.get("id")
    if not isinstance(given, str) or not given or len(given) > ID_LENGTH:
        raise _bad(f"`id` must be a string of 1 to {ID_LENGTH} characters")
    return given


def _optional_object(message: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise _bad(f"`{name}` must be a JSON object")
    return value


def _is_shallow(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return True
    return False


def _bad(reason: str) -> Ending:
    return Ending(CloseCode.BAD_REQUEST, reason)
