"""The GraphQL endpoint for WebSockets: checks of the handshake, and negotiation of the subprotocol."""

from starlette.types import Receive, Scope, Send

from api.graphql.admission import Admission
from api.graphql.runner import OperationRunner
from api.graphql.spending import Meter
from api.http.options import HttpOptions
from api.http.origins import Origins
from api.shared.authentication import client_info_of
from api.shared.request_id import begin_request
from api.sockets.limits import SocketRegistry
from api.sockets.operations import GraphQLOperations
from api.sockets.protocol import SUBPROTOCOL, CloseCode, Ending
from api.sockets.session import SocketServices, SocketSession
from domain.app import App


def graphql_sockets(
    app: App,
    runner: OperationRunner,
    admission: Admission,
    meter: Meter,
    options: HttpOptions,
) -> "GraphQLSockets":
    """The endpoint for a WebSocketRoute. Call `registry.close_all` when the process stops."""
    services = SocketServices(
        app=app,
        operations=GraphQLOperations(runner, admission, meter, options),
        registry=SocketRegistry(options.sockets),
        options=options.sockets,
    )
    origins = Origins((options.public_url, *options.allowed_origins), is_development=options.is_development)
    return GraphQLSockets(services, origins=origins)


class GraphQLSockets:
    """The ASGI application of the WebSocket route, with the subprotocol graphql-transport-ws only."""

    def __init__(self, services: SocketServices, *, origins: Origins) -> None:
        self._services = services
        self.registry = services.registry
        self._origins = origins

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
        session = SocketSession(self._services, receive, send, client=client_info_of(scope))
        with self.registry.enrolled(session):
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await session.run()

    def _is_welcome(self, origins: list[str], hosts: list[str]) -> bool:
        """Whether a page of the origin may connect. Browsers always send Origin, programs never."""
        if not origins:
            return True
        return len(origins) == 1 and self._origins.allows_socket(origins[0], hosts[0] if len(hosts) == 1 else None)


async def _forbid(scope: Scope, send: Send) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a close before accept is a 403 response
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"This origin may not open a socket.\n"})


async def _turn_away(send: Send, subprotocol: str | None, ending: Ending) -> None:
    """Accepts the socket and closes it with a code, because browsers show codes of accepted sockets only."""
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.close", "code": int(ending.code), "reason": ending.reason})


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
