"""Strict parsing of form bodies: ambiguous input is refused, never guessed."""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import QuerystringParseError
from python_multipart.multipart import QuerystringParser
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_BYTES = 16_384
MOST_FIELDS = 20


class MalformedForm(Exception):
    """A form body that cannot be read. The message names the problem without repeating the input."""


async def read_form(request: Request) -> Mapping[str, str]:
    """Fields by name, without empty ones (RFC 6749 section 3.2); raises MalformedForm."""
    name, *parameters = request.headers.get("content-type", "").lower().split(";")
    if name.strip() != MEDIA_TYPE or any(each.strip() not in ("", "charset=utf-8") for each in parameters):
        raise MalformedForm(f"Send the parameters with `Content-Type: {MEDIA_TYPE}`, in UTF-8.")
    if request.url.query:
        raise MalformedForm("Send the parameters in the request body, not in the URL.")
    fields: dict[str, str] = {}
    for key, value in _pairs(await _body(request)):
        if key in fields:
            raise MalformedForm("A parameter is repeated. Send each parameter at most once.")
        fields[key] = value
    return {key: value for key, value in fields.items() if value}


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise MalformedForm(f"The request body can have at most {MOST_BYTES} bytes.")
    except ClientDisconnect as error:
        raise MalformedForm("The request body is incomplete.") from error
    except HTTPException as error:
        raise MalformedForm(error.detail) from error
    return bytes(body)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    raw: list[tuple[bytearray, bytearray]] = []

    def start() -> None:
        raw.append((bytearray(), bytearray()))

    def name(data: bytes, first: int, last: int) -> None:
        raw[-1][0].extend(data[first:last])

    def value(data: bytes, first: int, last: int) -> None:
        raw[-1][1].extend(data[first:last])

    parser = QuerystringParser({"on_field_start": start, "on_field_name": name, "on_field_data": value})
    try:
        parser.write(body)
        parser.finalize()
    except QuerystringParseError as error:
        raise MalformedForm("The request body is not a valid form.") from error
    if len(raw) > MOST_FIELDS:
        raise MalformedForm(f"The request body can have at most {MOST_FIELDS} parameters.")
    return [(_text(key), _text(text)) for key, text in raw]


def _text(encoded: bytearray) -> str:
    """The decoded text; raises MalformedForm unless it is UTF-8.

    Starlette replaces invalid bytes with U+FFFD, which would make two different values equal.
    """
    try:
        return unquote_to_bytes(bytes(encoded).replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise MalformedForm("The parameters are not encoded in UTF-8.") from error
