"""Port: following a workspace's event log."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

E_co = TypeVar("E_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch(Generic[E_co]):
    """Events in order of revision; everything up to `up_to` has been looked at, whatever was left out."""

    events: Sequence[E_co]
    up_to: int


class EventStream(Protocol[E_co]):
    def follow(self, workspace_id: str, *, after: int) -> AsyncIterator[EventBatch[E_co]]:
        """All events after that revision, first those that exist, then each new one as it is committed."""
        ...
