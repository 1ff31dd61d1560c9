"""Port: whether this process can do its work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One thing that was looked at; without a required one no request can be served."""

    name: str
    is_ok: bool
    is_required: bool = True
    detail: str = ""


class Health(Protocol):
    async def check(self) -> Sequence[HealthCheck]:
        """Looks at everything this process stands on, anew each time; never raises, and may take a second."""
        ...
