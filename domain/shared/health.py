"""Port: whether this process can do its work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """Result of one health check. The server is not ready while a required check fails."""

    name: str
    is_ok: bool
    is_required: bool = True
    detail: str = ""


class Health(Protocol):
    async def check(self) -> Sequence[HealthCheck]:
        """Checks all servers that this process depends on; never raises, and may take a second."""
        ...
