"""Promise A32: clients cannot choose the address that attempts are counted by (uvicorn's proxy layer)."""

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.shared.authentication import client_info_of

TRUSTED = ["127.0.0.1", "10.0.0.0/8"]


async def address_of(peer: str, *forwarded: str, kind: str = "http") -> str:
    found = []

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(client_info_of(scope).address)

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(b"forwarded", b"for=203.0.113.99"), (b"x-real-ip", b"203.0.113.99")]
    scope = {"type": kind, "client": (peer, 1), "headers": headers, "scheme": "http"}
    await ProxyHeadersMiddleware(served, TRUSTED)(scope, None, None)  # type: ignore[arg-type]  # served by nobody
    return found[0]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.5"], "198.51.100.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.5, 10.1.2.3, 10.9.9.9"], "203.0.113.5"),
        ("127.0.0.1", ["192.0.2.1", "203.0.113.5, 10.1.2.3"], "203.0.113.5"),
        ("10.1.2.3", ["2001:db8::1"], "2001:db8::1"),
    ],
    ids=str,
)
async def test_only_a_configured_proxy_is_believed(kind: str, peer: str, forwarded: list[str], address: str) -> None:
    assert await address_of(peer, *forwarded, kind=kind) == address
