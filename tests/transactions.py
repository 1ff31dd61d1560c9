from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from infra.db.write_connection import WriteConnection, WriteConnections


@asynccontextmanager
async def transaction(connections: WriteConnections | AsyncEngine) -> AsyncIterator[WriteConnection]:
    """A connection as Units of Work have it, whose transaction is committed at the end of the block."""
    lent = connections if isinstance(connections, WriteConnections) else WriteConnections(connections)
    async with lent.connect() as connection:
        yield connection
        await connection.commit()
