"""GraphQL over WebSockets: who may open one, and what it then speaks."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from starlette.types import Receive, Scope, Send

from api.http.authentication import origin_of
from api.http.documents import DocumentCache
from api.http.execution import OperationRunner
from api.http.options import HttpOptions
from api.http.request_id import begin_request
from api.http.socket_limits import SocketRegistry
from api.http.socket_operations import GraphQLOperations
from api.http.socket_protocol import SUBPROTOCOL, CloseCode, Ending
from api.http.socket_session import SocketServices, SocketSession
from api.http.spending import Meter
from api.http.trusted import TrustedDocuments
from domain.app import App

DEFAULT_PORTS = {"http": 80, "https": 443}


def graphql_sockets(
    app: App,
    runner: OperationRunner,
    documents: DocumentCache,
    trusted: TrustedDocuments,
    meter: Meter,
    options: HttpOptions,
) -> "GraphQLSockets":
    """The endpoint for a WebSocketRoute; call `registry.close_all` when the process stops."""
    services = SocketServices(
        app=app,
        runner=GraphQLOperations(runner, documents, trusted, meter, options),
        registry=SocketRegistry(options.sockets),
        options=options.sockets,
    )
    return GraphQLSockets(services, origins=(options.public_url, *options.allowed_origins))


class GraphQLSockets:
    """The ASGI application behind the WebSocket route; speaks graphql-transport-ws and nothing else."""

    def __init__(self, services: SocketServices, *, origins: Iterable[str]) -> None:
        self._services = services
        self.registry = services.registry
        self._origins = frozenset(filter(None, map(_origin, origins)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin_request(next(iter(_headers(scope, b"x-request-id")), "").encode())
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        if not self._is_welcome(_headers(scope, b"origin"), _headers(scope, b"host")):
            await _forbid(scope, send)
            return
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await _turn_away(send, None, Ending(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable"))
            return
        refusal = self.registry.refusal()
        if refusal is not None:
            await _turn_away(send, SUBPROTOCOL, refusal)
            return
        session = SocketSession(self._services, receive, send, origin=origin_of(scope))
        with self.registry.enrolled(session):
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await session.run()

    def _is_welcome(self, origins: list[str], hosts: list[str]) -> bool:
        """Whether a page of that origin may connect; programs send no Origin, browsers always do."""
        if not origins:
            return True
        origin = _origin(origins[0]) if len(origins) == 1 else None
        if origin is None:
            return False
        return origin in self._origins or (len(hosts) == 1 and _is_same_host(origin, hosts[0]))


async def _forbid(scope: Scope, send: Send) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before accept this means 403
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"This origin may not open a socket.\n"})


async def _turn_away(send: Send, subprotocol: str | None, ending: Ending) -> None:
    """Accepts first, as browsers show close codes of accepted sockets only."""
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.close", "code": int(ending.code), "reason": ending.reason})


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for anything but an http or https origin (RFC 6454), such as `null`."""
    url = _split(text)
    if url is None or url.scheme not in DEFAULT_PORTS or not url.hostname:
        return None
    return url.scheme, url.hostname, url.port or DEFAULT_PORTS[url.scheme]


def _is_same_host(origin: tuple[str, str, int], host: str) -> bool:
    scheme, name, port = origin
    # Without a port in Host the browser's scheme decides: ours is `http` behind a proxy that ends TLS.
    url = _split(f"{scheme}://{host}")
    return url is not None and url.hostname == name and (url.port or DEFAULT_PORTS[scheme]) == port


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        _ = url.port  # a port that is no number raises only here
    except ValueError:
        return None
    return None if "@" in url.netloc else url
