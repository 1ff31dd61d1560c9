"""What follows from what: event type -> the jobs that its commit inserts.

Every event type stands here; an empty tuple says that nothing follows. Changes caused by an import or a seed
start no job that is listed as outward (mail, webhooks, mentions).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.shared.events import Event
from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Makes the job that follows from an event; an outward one leaves the server."""

    job: Callable[[Event], Job]
    is_outward: bool = True


REACTIONS: Mapping[type[Event], tuple[Reaction, ...]] = MappingProxyType({})
