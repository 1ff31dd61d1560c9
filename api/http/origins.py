"""Browser origins (RFC 6454) whose pages may read answers and open sockets."""

import logging
import re
from collections.abc import Iterable
from functools import partial
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.negotiation import with_vary
from api.rest.problems import problem

SETTING = "WORKGRAPH_ALLOWED_ORIGINS"
DEFAULT_PORTS = {"http": 80, "https": 443}
EXPOSED = ("ETag", "Retry-After", "X-Request-Id")
PREFLIGHT_SECONDS = 7_200  # Chromium caches a preflight for at most this long
VARYING = b"Origin"
MOST_LOGGED = 100
_LOOPBACK = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")

_log = logging.getLogger(__name__)


class Origins:
    """Allowed origins besides the origin of the server; in development also all origins of this machine."""

    def __init__(self, allowed: Iterable[str], *, is_development: bool) -> None:
        self._texts = frozenset(allowed)
        self._parsed = frozenset(filter(None, map(_parsed, self._texts)))
        self._is_development = is_development
        self._logged: set[str] = set()

    def __bool__(self) -> bool:
        """Whether any origin can be allowed."""
        return bool(self._texts) or self._is_development

    def allows(self, origin: str, host: str | None) -> bool:
        """Whether pages of the origin may read answers. Origins are compared as text, as browsers do."""
        if origin in self._texts or self._is_loopback(origin):
            return True
        self._note_refusal(origin, host)
        return False

    def allows_socket(self, origin: str, host: str | None) -> bool:
        """Whether a page of the origin may open a socket. Pages of the server itself, reached as `host`, may."""
        parsed = _parsed(origin)
        if self._is_loopback(origin) or (parsed is not None and parsed in self._parsed) or _is_same(parsed, host):
            return True
        self._note_refusal(origin, host)
        return False

    def _is_loopback(self, origin: str) -> bool:
        return self._is_development and _LOOPBACK.fullmatch(origin) is not None

    def _note_refusal(self, origin: str, host: str | None) -> None:
        is_noted = origin in self._logged or len(self._logged) >= MOST_LOGGED
        if self._is_development and not is_noted and not _is_same(_parsed(origin), host):
            self._logged.add(origin)
            _log.warning("Refused a request from the origin %r. To allow this origin, add it to %s.", origin, SETTING)


class CrossOrigin(CORSMiddleware):
    """ASGI middleware: pages of allowed origins may send any header and read every answer.

    There are no cookies, so that an allowed origin gains nothing that a program could not do with the same token.
    """

    def __init__(self, app: ASGIApp, *, origins: Origins) -> None:
        super().__init__(
            app,
            allow_methods=("GET", "POST"),
            allow_headers=("*",),  # Starlette then echoes the requested names
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Programs send no `Origin`: they need only `Vary`, without the header objects of the general case.
        if scope["type"] == "http" and all(name != b"origin" for name, _ in scope["headers"]):
            send = partial(_send_varying, send)
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allows(origin, None)

    def preflight_response(self, request_headers: Headers) -> Response:
        if self._origins.allows(request_headers["origin"], request_headers.get("host")):
            return super().preflight_response(request_headers)
        detail = f"Pages of this origin are not allowed. The operator can allow the origin with {SETTING}."
        return problem(400, detail, headers={"Vary": self.preflight_headers["Vary"]})

    async def simple_response(self, scope: Scope, receive: Receive, send: Send, request_headers: Headers) -> None:
        origin = request_headers.get("origin")
        if origin is not None and not self._origins.allows(origin, request_headers.get("host")):
            request_headers = Headers()  # without an `Origin`, the middleware adds only `Vary`
        await super().simple_response(scope, receive, send, request_headers)


async def _send_varying(send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = with_vary(message["headers"], VARYING)
    await send(message)


def _parsed(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for anything but an http or https origin, such as `null`."""
    url = _split(text)
    if url is None or url.scheme not in DEFAULT_PORTS or not url.hostname:
        return None
    return url.scheme, url.hostname, url.port or DEFAULT_PORTS[url.scheme]


def _is_same(origin: tuple[str, str, int] | None, host: str | None) -> bool:
    if origin is None or host is None:
        return False
    scheme, name, port = origin
    # Without a port in Host the browser's scheme decides: ours is `http` behind a proxy that ends TLS.
    url = _split(f"{scheme}://{host}")
    return url is not None and url.hostname == name and (url.port or DEFAULT_PORTS[scheme]) == port


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        _ = url.port  # raises for a port that is not a number
    except ValueError:
        return None
    return None if "@" in url.netloc else url
