"""Security headers of every response."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Cross-Origin-Resource-Policy forbids other sites to embed responses (no-cors). Pages of origins that CORS allows still
# read responses, because Fetch checks this policy for opaque responses only.
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NO_STORE = (b"cache-control", b"no-store")
NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def with_security(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers that forbid sniffing and embedding, and storing and framing unless the given headers allow it."""
    secured = [*headers, *ALWAYS]
    names = {name.lower() for name, _ in secured}
    secured.extend(each for each in (NO_STORE, NO_PAGE) if each[0] not in names)
    return secured


class SecurityHeaders:
    """ASGI middleware that forbids sniffing, framing and storing of responses that do not allow it themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_security(message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
