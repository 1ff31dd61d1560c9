"""Log lines of a server process about the servers that it depends on."""

import asyncio
import logging

from domain.shared.health import Health, HealthCheck

LOOK_SECONDS = 5.0
LOOKS_BETWEEN_WARNINGS = 12

_log = logging.getLogger("workgraph.health")

SUBJECTS = {
    "database": "PostgreSQL",
    "guards": "Limits of database sessions",
    "migrations": "The database schema",
    "redis": "Redis",
    "replica": "The read replica",
    "sessions": "The connection that hears changes of access",
}
EFFECTS = {
    "sessions": "Until it is available, sessions are read from the database for each request.",
    "replica": "Until the replica is used again, all reads use the primary.",
    "database": "Requests get status 503 until PostgreSQL is available.",
    "redis": "Until Redis is available, jobs and live changes are delayed and rate limits count per process.",
}


class HealthWatch:
    """Warns when a check fails, each minute while it fails, and says when it succeeds again."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Runs the checks every 5 seconds until canceled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        for check in await self._health.check():
            failures = self._failures.pop(check.name, 0)
            if not check.is_ok:
                self._failures[check.name] = failures + 1
                if failures % LOOKS_BETWEEN_WARNINGS == 0:
                    _warn(check)
            elif failures:
                _log.info("%s: OK again.", SUBJECTS[check.name])


def _warn(check: HealthCheck) -> None:
    effect = EFFECTS.get(check.name)
    if effect is None:
        _log.warning("%s: %s", SUBJECTS[check.name], check.detail)
    else:
        _log.warning("%s is not available (%s). %s", SUBJECTS[check.name], check.detail, effect)
