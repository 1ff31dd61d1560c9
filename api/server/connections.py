"""HTTP/1.1 connections: uvicorn's protocol with the bounds on time, size and form that uvicorn leaves to a proxy."""

import asyncio
import enum
import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httptools
import orjson
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.shared.extensions import IS_CLOSING
from api.shared.statuses import phrase_of

HEAD_BYTES = 65_536  # request line and header fields
MOST_FIELDS = 100
MOST_PIPELINED = 20
BODY_OVERHEAD = 16  # bytes of chunk sizes and trailers for each byte of body, beyond HEAD_BYTES
NEW_SECONDS = 0.5  # grace at a shutdown for connections without a byte yet: their first request may be under way
LINGER_SECONDS = 1.0  # delay after a refusal; an immediate close could reset the connection before the answer is read
UPGRADE_FIELDS = frozenset({b"upgrade", b"http2-settings"})
# Names, IPv4 and bracketed IPv6 addresses (RFC 3986 section 3.2.2), without delimiters, which host names never contain.
_HOST = re.compile(rb"(?:[\w.~%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")

_log = logging.getLogger(__name__)


class BoundedConfig(Config):
    """Configuration of a server whose connections are `BoundedProtocol`s; times in seconds."""

    def __init__(self, app: Any, *, head_seconds: float, **options: Any) -> None:
        super().__init__(app, http=BoundedProtocol, **options)
        self.head_seconds = head_seconds
        # Connections whose client has to send something, least recently active first; a dict for its order.
        self.waiting: dict[BoundedProtocol, None] = {}


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class _Part(enum.Enum):
    """Part of a message that the parser expects next."""

    START = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


class BoundedProtocol(HttpToolsProtocol):
    """A connection that refuses ambiguous heads, and closes when its client neither sends nor reads for too long.

    When the process has no free connection, the connection that has waited longest for its client is closed.
    """

    def __init__(self, config: BoundedConfig, *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        self._bounds = config
        self._waiting = config.waiting
        self._part = _Part.START
        self._begun = 0  # messages in the current data
        self._data_bytes = 0  # bytes of the current data
        self._part_bytes = 0  # bytes of earlier data that belong to the current part
        self._body_bytes = 0
        self._is_upgrade_ignored = False
        self._is_socket = False
        self._refusal: _Refusal | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unread_check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrowed by uvicorn
        super().connection_made(transport)
        self._extensions: dict[str, dict[object, object]] = {IS_CLOSING: {"call": transport.is_closing}}
        self._make_room()
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        if self._unread_check is not None:
            self._unread_check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        rest: bytes | None = data
        try:
            while rest is not None and self._refusal is None:
                rest = self._read(rest)
        except _Refusal as refusal:
            self._refuse(refusal)
        self._settle()

    def _read(self, data: bytes) -> bytes | None:
        """Feeds the parser. Returns the data that remains to be read after an ignored upgrade. Raises _Refusal."""
        before = self._part
        self._begun = 0
        self._data_bytes = len(data)
        if before is not _Part.START:
            self._part_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._is_upgrade_ignored:
                return self._without_upgrade(data[upgrade.args[0] :])
            self.handle_websocket_upgrade()
            return None
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _Refusal):
                raise error.__context__ from error
            raise _Refusal(HTTPStatus.BAD_REQUEST, "The request is not valid HTTP/1.1.") from error
        if before is _Part.START and self._begun == 1:
            self._part_bytes = len(data)
        self._check_part()
        return None

    def _check_part(self) -> None:
        if self._part is _Part.HEAD and self._part_bytes > HEAD_BYTES:
            raise _too_large()
        # Chunk sizes, extensions and trailer fields, which the limit of the body does not cover.
        overhead = self._part_bytes - self._body_bytes
        if self._part is _Part.BODY and overhead > HEAD_BYTES + BODY_OVERHEAD * self._body_bytes:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "The chunk extensions and trailer fields of the body are too large.")

    def _without_upgrade(self, rest: bytes) -> bytes:
        """The head without its request for another protocol, and the data after it (RFC 9110 section 7.8).

        The parser would drop the body, and read the data after it as a separate request. Java's HTTP client sends such
        heads.
        """
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", self.parser.get_http_version().encode(), b"\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(each for each in value.split(b",") if each.strip().lower() != b"upgrade")
            if name not in UPGRADE_FIELDS:
                head += [name, b": ", value, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # like uvicorn's parser
        self._part = _Part.START
        return b"".join((*head, b"\r\n", rest))

    # Parser callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._part = _Part.HEAD
        self._part_bytes = 0
        self._begun += 1
        self._is_upgrade_ignored = False

    def on_headers_complete(self) -> None:
        self._check_head()
        if self.parser.should_upgrade() and not self._should_upgrade():
            self._is_upgrade_ignored = True
            return
        self._stop_deadline()
        super().on_headers_complete()
        self._part = _Part.BODY
        self._part_bytes = self._body_bytes = 0
        if not self.parser.should_upgrade():
            # The request keeps the old list, so trailer fields never become header fields (RFC 9110 section 6.5.1).
            self.headers = []

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_upgrade_ignored:
            self._part = _Part.START
            super().on_message_complete()

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise _Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Send HTTP/1.1.")
        # The sum over all fields is computed only if the received bytes exceed the limit.
        if self._part_bytes + self._data_bytes > HEAD_BYTES and self._head_bytes() > HEAD_BYTES:
            raise _too_large()
        if len(self.headers) > MOST_FIELDS:
            message = f"A request can have at most {MOST_FIELDS} header fields."
            raise _Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
        if len(self.pipeline) >= MOST_PIPELINED:
            message = f"At most {MOST_PIPELINED} pipelined requests can wait for a response."
            raise _Refusal(HTTPStatus.BAD_REQUEST, message)
        hosts = []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            # Any other coding makes the body's length ambiguous: request smuggling (RFC 9112 section 11.2).
            elif name == b"transfer-encoding" and (version == "1.0" or value.lower() != b"chunked"):
                raise _Refusal(
                    HTTPStatus.NOT_IMPLEMENTED, "The only supported transfer encoding is `chunked`, in HTTP/1.1."
                )
        if (len(hosts) != 1 and (hosts or version == "1.1")) or (hosts and _HOST.fullmatch(hosts[0]) is None):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "Send exactly one `Host` header with a host name.")
        if self.url[:1] != b"/" or b"#" in self.url:
            _check_target(self.url, self.parser.get_method(), hosts)

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    # Answers and ends

    @property
    def _is_busy(self) -> bool:
        # None until the first request, although uvicorn's annotation says otherwise
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal is not None and not self._is_busy and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._answer_refusal(self._refusal)
        self._watch_unread()
        self._settle()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_unread()

    def shutdown(self) -> None:
        if self.cycle is None and self._part is _Part.START:
            self.loop.call_later(NEW_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_unread()

    def handle_websocket_upgrade(self) -> None:
        self._leave()
        self._is_socket = True
        super().handle_websocket_upgrade()

    def _refuse(self, refusal: _Refusal) -> None:
        _log.info("%d %s", refusal.status, refusal.detail, extra={"facts": {"status": int(refusal.status)}})
        self._refusal = refusal
        if not self._is_busy:
            self._answer_refusal(refusal)
        elif self._part is _Part.BODY:
            # The malformed request is the one that is being answered.
            if self.pipeline or self.cycle.response_started:
                self.transport.close()
            else:
                self._answer_refusal(refusal)
                self.cycle.disconnected = True
                self.cycle.message_event.set()
        # Otherwise earlier requests are answered before the refusal.

    def _answer_refusal(self, refusal: _Refusal) -> None:
        content = {"title": phrase_of(refusal.status), "status": refusal.status, "detail": refusal.detail}
        body = orjson.dumps(content)
        fields = [
            *self.server_state.default_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        lines = [b"%b: %b\r\n" % field for field in fields]
        self.transport.write(b"".join((STATUS_LINE[refusal.status], *lines, b"\r\n", body)))
        # Half-close the connection, so that the client can read the response before it is closed.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_deadline()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._close)

    def _close(self) -> None:
        self.transport.close()
        self._watch_unread()

    def _timed_out(self) -> None:
        self._deadline = None
        if self._part is _Part.HEAD and not self.transport.is_closing():
            detail = f"The request head did not arrive within {self._bounds.head_seconds:g} seconds."
            self._refuse(_Refusal(HTTPStatus.REQUEST_TIMEOUT, detail))
        else:
            self._close()

    def _settle(self) -> None:
        """Registers whether the client has to send or read something, and starts a deadline unless one is running."""
        waiting = self._waiting
        waiting.pop(self, None)
        is_busy = self._is_busy
        if (is_busy and self._part is _Part.START) or self._is_socket or self.transport.is_closing():
            return
        waiting[self] = None
        if not is_busy and self._deadline is None and self.timeout_keep_alive_task is None:
            self._deadline = self.loop.call_later(self._bounds.head_seconds, self._timed_out)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _leave(self) -> None:
        self._stop_deadline()
        self._waiting.pop(self, None)

    def _make_room(self) -> None:
        while self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            longest = next(iter(self._waiting), None)
            if longest is None:
                return  # every connection is busy: uvicorn answers 503
            longest.give_way()

    def give_way(self) -> None:
        """Closes the connection at once to make room for another connection."""
        self._leave()
        self.connections.discard(self)
        self.transport.abort()

    def _watch_unread(self, last: int | None = None) -> None:
        """Closes the connection if its client reads nothing of an answer for `head_seconds`."""
        if last is None and self._unread_check is not None:
            return
        self._unread_check = None
        unread = self.transport.get_write_buffer_size()
        if unread and unread == last:
            self.transport.abort()
        elif unread:
            self._unread_check = self.loop.call_later(self._bounds.head_seconds, self._watch_unread, unread)


def _too_large() -> _Refusal:
    message = f"The request head can have at most {HEAD_BYTES} bytes."
    return _Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)


def _check_target(target: bytes, method: bytes, hosts: list[bytes]) -> None:
    """Raises _Refusal unless the target has the absolute or asterisk form (RFC 9112 section 3.2)."""
    url = urlsplit(target)
    is_absolute = url.scheme in (b"http", b"https") and [url.netloc.lower()] == [host.lower() for host in hosts]
    if b"#" in target or not (is_absolute or (target == b"*" and method == b"OPTIONS")):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "Send the request target as a path, and the host in the `Host` header.")
