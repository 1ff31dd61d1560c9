import asyncio
import logging
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.errors import Unavailable
from infra.auth.repository import SqlApiKeyRepository
from infra.db.engine import database_errors

log = logging.getLogger(__name__)


class SqlKeyUses:
    """Records uses of API keys in the background, on one connection at a time; failed writes are dropped."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: dict[str, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, key_id: str, *, at: datetime) -> None:
        self._waiting[key_id] = at
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def aclose(self) -> None:
        """Waits for pending writes."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        try:
            while self._waiting:
                uses, self._waiting = self._waiting, {}
                try:
                    await self._store(uses)
                except Unavailable as error:
                    log.warning("Could not save the last use of %d API keys: %s", len(uses), error)
        finally:
            self._writing = None

    async def _store(self, uses: dict[str, datetime]) -> None:
        with database_errors():
            async with self._engine.begin() as connection:
                await SqlApiKeyRepository(connection).touch(uses)
