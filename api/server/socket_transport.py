"""uvicorn's WebSocket protocol, in which a handshake that the application answers with an HTTP response is complete."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class SocketTransport(WebSocketsSansIOProtocol):
    """Logs no error for a refused handshake (ASGI extension `websocket.http.response`).

    uvicorn 0.54 calls such a handshake incomplete, so that any client could fill the log with errors by sending a
    foreign `Origin` or `Host` header.
    """

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True
