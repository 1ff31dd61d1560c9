"""What the worker does: job type -> use case. A new job adds its line."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from domain.accounts.jobs import (
    SendAccountNotice,
    SendEmailChangeLink,
    SendPasswordResetLink,
    SendRegistrationLink,
)
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.jobs import Job
from domain.transfers.jobs import RunImport
from domain.workspaces.jobs import SendInvitation, SendMemberRemoval, SendMemberWelcome, SendOwnershipMoved

HANDLERS: Mapping[type[Job], Callable[[App, Actor, Any], Awaitable[None]]] = MappingProxyType(
    {
        RunImport: lambda app, actor, job: app.imports.run(actor, job),
        SendAccountNotice: lambda app, actor, job: app.notices.send(actor, job),
        SendEmailChangeLink: lambda app, actor, job: app.emails.send(actor, job),
        SendInvitation: lambda app, actor, job: app.invitations.send(actor, job),
        SendMemberRemoval: lambda app, actor, job: app.workspaces.send_removal(actor, job),
        SendMemberWelcome: lambda app, actor, job: app.workspaces.send_welcome(actor, job),
        SendPasswordResetLink: lambda app, actor, job: app.passwords.send_reset(actor, job),
        SendRegistrationLink: lambda app, actor, job: app.registrations.send(actor, job),
        SendOwnershipMoved: lambda app, actor, job: app.workspaces.send_ownership_moved(actor, job),
    }
)
