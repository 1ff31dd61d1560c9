"""What the worker does: job type -> use case. A new job adds its line."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from domain.app import App
from domain.shared.actor import Actor
from domain.shared.jobs import Job
from domain.transfers.jobs import RunImport
from domain.workspaces.jobs import SendMemberWelcome

HANDLERS: Mapping[type[Job], Callable[[App, Actor, Any], Awaitable[None]]] = MappingProxyType(
    {
        RunImport: lambda app, actor, job: app.imports.run(actor, job),
        SendMemberWelcome: lambda app, actor, job: app.workspaces.send_welcome(actor, job),
    }
)
