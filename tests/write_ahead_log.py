"""What a connection writes to PostgreSQL's write-ahead log."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_WRITTEN = text("SELECT wal_bytes::bigint FROM pg_stat_get_backend_wal(pg_backend_pid())")


async def written(connection: AsyncConnection) -> int:
    """Bytes that the connection has written to the log; ends its transaction."""
    await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    await connection.commit()
    return int((await connection.execute(_WRITTEN)).scalar_one())
