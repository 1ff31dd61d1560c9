"""Port: following a workspace's event log."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from domain.shared.errors import LimitExceeded

E_co = TypeVar("E_co", covariant=True)


class FellBehind(LimitExceeded):
    """The follower is too slow and is disconnected. It has all events up to `up_to` and can follow again."""

    def __init__(self, up_to: int) -> None:
        super().__init__(f"The subscriber reads changes too slowly. Subscribe again after revision {up_to}.")
        self.up_to = up_to


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch(Generic[E_co]):
    """Events in order of revision; all events up to `up_to` were considered, including filtered ones.

    `has_more` says that later events already existed at the time of reading. `read_count` includes filtered events.
    """

    events: Sequence[E_co]
    up_to: int
    has_more: bool = False
    read_count: int = 0


class EventStream(Protocol[E_co]):
    def follow(self, workspace_id: str, *, after: int) -> AsyncGenerator[EventBatch[E_co], None]:
        """All events after that revision, first those that exist, then each new one as it is committed.

        When nothing happens an empty batch comes every second, so that the follower can look round;
        raises FellBehind for a follower that is too slow.
        """
        ...
