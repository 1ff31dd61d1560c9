"""Where related entities come from, for `related`: one function each, since equal functions share what they read.

What a visible entity points at is visible, so nothing is checked again where the service has such a method.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from domain.app import App
from domain.projects.ports import Place
from domain.shared.actor import Actor

ByIds = Callable[[Actor, Sequence[str]], Awaitable[Mapping[str, Any]]]


def users(app: App) -> ByIds:
    return app.accounts.users_by_ids


def workspaces(app: App) -> ByIds:
    return app.workspaces.by_ids


def projects(app: App) -> ByIds:
    return app.projects.by_ids


def issues(app: App) -> ByIds:
    return app.issues.by_ids


def milestones(app: App) -> ByIds:
    return app.milestones.by_ids


def places(app: App) -> Callable[[Actor, Sequence[str]], Awaitable[Mapping[str, Place]]]:
    """State and project by state id, read together, since an issue's state belongs to its project."""
    return app.projects.places
