"""`info.context`, which every resolver gets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import strawberry

from api.shared.operation_trace import OperationTrace
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.budget import RateLimit


@dataclass(slots=True)
class Context:
    """Application, caller and pending batches of one operation."""

    app: App
    actor: Actor
    loaders: dict[Any, Any] = field(default_factory=dict)
    rate_limit_of: Callable[[], RateLimit] | None = None
    rows_read: int = 0
    trace: OperationTrace | None = None
    confirm_actor: Callable[[], Awaitable[Actor]] | None = None
    """Loads the actor anew. None if the actor has been loaded for this request."""

    async def reload_actor(self) -> None:
        """Reloads the actor's roles, which a mutation of the operation may have changed."""
        refreshed = await self.app.auth.reload_actor(self.actor)
        self.actor = replace(refreshed, idempotency=self.actor.idempotency)


Info = strawberry.Info[Context, None]
