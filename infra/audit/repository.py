from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.audit.tables import SecurityEventRow


class SqlSecurityLog:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def forget_origins(self, user_id: str) -> None:
        theirs = or_(SecurityEventRow.user_id == user_id, SecurityEventRow.actor_id == user_id)
        await self._connection.execute(update(SecurityEventRow).where(theirs).values(address=None, device=None))
