"""Changes of access that this process makes itself, which it hears before it answers."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from infra.auth.access_routines import CHANNEL

_CHANGED = "workgraph_access"  # of the information that belongs to a connection


def tell_own_changes(engine: AsyncEngine, forget: Callable[[Collection[str]], None]) -> None:
    """Calls `forget` with the accounts whose access a transaction of the engine changed, as soon as it has ended.

    The engine must not have opened a connection yet. The triggers of the tables name the accounts
    (infra/auth/access_routines.py), so that no use case can omit one. The transaction has ended when its connection is
    returned to the pool, before the use case gets its result.
    """
    pool = engine.sync_engine

    @event.listens_for(pool, "connect")
    def _(connection: Any, entry: ConnectionPoolEntry) -> None:
        changed = entry.info[_CHANGED] = set[str]()

        def hear(_: object, message: Any) -> None:
            if message.message == CHANNEL and message.detail:
                changed.add(message.detail)

        connection.driver_connection.add_log_listener(hear)

    @event.listens_for(pool, "checkin")
    def _(_: Any, entry: ConnectionPoolEntry) -> None:
        changed: set[str] = entry.info[_CHANGED]
        if changed:
            forget(tuple(changed))
            changed.clear()
