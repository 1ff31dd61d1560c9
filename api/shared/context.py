"""What every resolver gets: `info.context`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import strawberry

from api.shared.operation_trace import OperationTrace
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.budget import RateLimit


@dataclass(slots=True)
class Context:
    """One operation's application face, caller, and batches waiting to be read."""

    app: App
    actor: Actor
    loaders: dict[Any, Any] = field(default_factory=dict)
    rate_limit_of: Callable[[], RateLimit] | None = None
    rows_read: int = 0
    trace: OperationTrace | None = None

    async def reload_actor(self) -> None:
        """Lets the rest of the operation act in the roles that a mutation has just given or taken."""
        refreshed = await self.app.auth.reload_actor(self.actor)
        self.actor = replace(refreshed, idempotency=self.actor.idempotency)


Info = strawberry.Info[Context, None]
