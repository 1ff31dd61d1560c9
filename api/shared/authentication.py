"""Identification of the caller by the Authorization header only (RFC 6750 section 2.1)."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol

from starlette.types import Scope

from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import Unauthenticated

MOST_TOKEN_BYTES = 4_096
LONGEST_DEVICE = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Authenticator(Protocol):
    async def authenticate(self, token: str, *, client: ClientInfo | None = None) -> Actor:
        """The actor of the token. Raises Unauthenticated, or Unavailable if the database is."""
        ...


class RecallingAuthenticator(Authenticator, Protocol):
    def recall(self, token: str, *, client: ClientInfo | None = None) -> Actor | None:
        """The actor as it was a few seconds ago; None if it is not remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The actor of a request. `confirm` loads it anew; None if it has been loaded for this request."""

    actor: Actor
    confirm: Callable[[], Awaitable[Actor]] | None = None


def bearer_token(values: Iterable[bytes]) -> str | None:
    """The token in the values of all Authorization headers, None without one; raises Unauthenticated."""
    found = [value for value in values if value[:6].lower() == b"bearer"]
    if not found:
        return None
    scheme, _, token = found[0].partition(b" ")
    token = token.strip()
    if len(found) > 1 or len(scheme) != len(b"bearer") or not token or len(token) > MOST_TOKEN_BYTES:
        raise Unauthenticated("Send exactly one bearer token in the `Authorization` header.")
    if not token.isascii():
        raise Unauthenticated("The bearer token must consist of ASCII characters.")
    return token.decode("ascii")


async def authenticate(authenticator: Authenticator, values: Iterable[bytes], client: ClientInfo) -> Actor:
    """The caller; an Actor without a user if no token was sent. Raises Unauthenticated or Unavailable."""
    token = bearer_token(values)
    return Actor(client=client) if token is None else await authenticator.authenticate(token, client=client)


async def identify(authenticator: RecallingAuthenticator, values: Iterable[bytes], client: ClientInfo) -> Caller:
    """The caller as `authenticate` finds it, or as it was remembered, and then has to be confirmed before a refusal."""
    token = bearer_token(values)
    if token is None:
        return Caller(Actor(client=client))
    loaded = partial(authenticator.authenticate, token, client=client)
    remembered = authenticator.recall(token, client=client)
    return Caller(await loaded()) if remembered is None else Caller(remembered, loaded)


def client_info_of(scope: Scope) -> ClientInfo:
    """Address and device of the client. uvicorn has already replaced the address of a trusted proxy."""
    client = scope.get("client")
    device = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return _client_info(client[0] if client else "unknown", device[:LONGEST_DEVICE])


@lru_cache(maxsize=1_024)
def _client_info(address: str, device: bytes) -> ClientInfo:
    return ClientInfo(address=address, device=_CONTROLS.sub(" ", device.decode("latin-1")))


def challenge(error: str | None = None, *, scope: str | None = None) -> str:
    """The value of WWW-Authenticate (RFC 6750 section 3), without an error code if no token was sent."""
    attributes = {"realm": "workgraph", "error": error, "scope": scope}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in attributes.items() if value)
