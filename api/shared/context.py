"""What every resolver gets: `info.context`."""

from dataclasses import dataclass, field
from typing import Any

import strawberry
from domain.app import App

from domain.shared.actor import Actor


@dataclass(slots=True)
class Context:
    """One operation's application face, caller, and batches waiting to be read."""

    app: App
    actor: Actor
    loaders: dict[Any, Any] = field(default_factory=dict)


Info = strawberry.Info[Context, None]
