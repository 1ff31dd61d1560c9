"""Check of messages to clients for names of Python and of the code, and for phrases that are not plain English.

`check` is called for every error that the suite's GraphQL client receives; `MessageWatch` calls it for every HTTP
answer. Every message that a test provokes is checked, so a new message needs no test of its own.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.plain_english import forbidden_phrases

PYTHON = re.compile(
    r"wrapped_cls|Maybe\[|Strawberry|\bSome\(|<class |NoneType|\bUNSET\b|object at 0x|\b(?:domain|infra|api)\.\w+"
    r"|Traceback|Error\(|Undefined"
)
SNAKE_CASE = re.compile(r"(?<![\w/.-])[a-z]+(?:_[a-z0-9]+)+(?![\w/-])")
ID = re.compile(r"[a-z]{3}_[0-7][0-9a-z]{25}")
WIRE_NAMES = frozenset(
    {
        "access_token",
        "client_id",
        "grant_type",
        "invalid_grant",
        "invalid_request",
        "refresh_token",
        "token_type_hint",
        "unsupported_grant_type",
    }
)
"""Names of RFC 6749 and RFC 7009, which clients send and read as they are."""


def faults(message: str, sent: str) -> list[str]:
    """Forbidden names and phrases in a message; IDs, and names that the client itself has `sent`, are allowed."""
    found = PYTHON.findall(message) + SNAKE_CASE.findall(message) + forbidden_phrases(message)
    return [name for name in found if name not in WIRE_NAMES and name not in sent and ID.fullmatch(name) is None]


def check(messages: Iterable[str], sent: str) -> None:
    """Raises AssertionError for a message that names something of the code."""
    for message in messages:
        assert faults(message, sent) == [], f"This is not plain to a client: {message}"


def messages_in(answer: Any) -> Iterator[str]:
    """Every `message`, `detail` and `error_description` of an answer."""
    if isinstance(answer, list):
        for item in answer:
            yield from messages_in(item)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name in ("message", "detail", "error_description") and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from messages_in(value)


class MessageWatch:
    """Pytest plugin: checks the answers to all requests that the suite makes with httpx."""

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()

    def pytest_sessionstart(self) -> None:
        send = httpx.AsyncClient.send

        async def checked(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
            response = await send(client, request, **options)
            if not options.get("stream"):
                self._check(request, response)
            return response

        self._patch.setattr(httpx.AsyncClient, "send", checked)

    def pytest_sessionfinish(self) -> None:
        self._patch.undo()

    def _check(self, request: httpx.Request, response: httpx.Response) -> None:
        if "json" not in response.headers.get("content-type", ""):
            return
        if not any(name in response.content for name in (b'"message"', b'"detail"', b'"error_description"')):
            return
        check(messages_in(orjson.loads(response.content)), f"{request.url} {_text_of(request)}")


def _text_of(request: httpx.Request) -> str:
    try:
        return request.content.decode(errors="replace")
    except httpx.RequestNotRead:
        return ""
