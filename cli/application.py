"""Shared by commands: logging, and an open application."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.app import App
from infra.bootstrap import open_app
from infra.dev.servers import servers_at_hand
from infra.settings import Settings, load_settings
from infra.shared.logs import configure_logging

T = TypeVar("T")


def set_up_logs(settings: Settings) -> None:
    configure_logging(is_json=settings.has_json_logs, level=settings.log_level)


def with_app(action: Callable[[App], Awaitable[T]]) -> T:
    """Runs the action on an open application, with the settings of this process; starts servers if none are set."""
    settings = load_settings()
    set_up_logs(settings)

    async def run(ready: Settings) -> T:
        async with open_app(ready) as app:
            return await action(app)

    with servers_at_hand(settings) as ready:
        return asyncio.run(run(ready))
