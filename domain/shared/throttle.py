"""Port: how often something may be tried."""

import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from domain.shared.actor import Actor
from domain.shared.errors import LimitExceeded, Unavailable


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit of `limit` attempts in any period of that many seconds."""

    key: str
    limit: int
    seconds: float


class TooOften(LimitExceeded):
    """A bucket is full; `retry_after` is in whole seconds."""

    def __init__(self, wait: float) -> None:
        self.retry_after = max(1, ceil(wait))
        super().__init__(f"Too many attempts. Retry in {self.retry_after} seconds.")


class Throttle(Protocol):
    async def take(self, buckets: Sequence[Bucket]) -> None:
        """Counts one try in all the buckets, or in none and raises TooOften if one is full."""
        ...

    async def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Uncounts one try in each bucket."""
        ...


@asynccontextmanager
async def counted_try(throttle: Throttle, buckets: Sequence[Bucket]) -> AsyncIterator[None]:
    """Counts an attempt for the block, except if the block raises Unavailable. Raises TooOften."""
    await throttle.take(buckets)
    try:
        yield
    except Unavailable:
        await throttle.give_back(buckets)
        raise


def source_of(actor: Actor) -> str:
    """The network address that the actor's request came from; one value for all requests without a network."""
    return actor.client.address if actor.client is not None else "local"


def source_key(address: str) -> str:
    """The key that an address is counted under: the address itself, or the /64 network for IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
