"""Where related entities come from, for `related`: one function each, since equal functions share what they read.

What a visible entity points at is visible, so nothing is checked again where the service has such a method.
"""

from collections.abc import Mapping, Sequence

from api.shared.context import Info
from domain.accounts.model import User
from domain.issues.model import Issue
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.projects.ports import Place
from domain.workspaces.model import Member, Workspace


async def users(info: Info, ids: Sequence[str]) -> Mapping[str, User]:
    return await info.context.app.accounts.users_by_ids(info.context.actor, ids)


async def workspaces(info: Info, ids: Sequence[str]) -> Mapping[str, Workspace]:
    return await info.context.app.workspaces.by_ids(info.context.actor, ids)


async def projects(info: Info, ids: Sequence[str]) -> Mapping[str, Project]:
    return await info.context.app.projects.by_ids(info.context.actor, ids)


async def members(info: Info, ids: Sequence[str]) -> Mapping[str, Member]:
    return await info.context.app.workspaces.members_by_ids(info.context.actor, ids)


async def issues(info: Info, ids: Sequence[str]) -> Mapping[str, Issue]:
    return await info.context.app.issues.by_ids(info.context.actor, ids)


async def milestones(info: Info, ids: Sequence[str]) -> Mapping[str, Milestone]:
    return await info.context.app.milestones.by_ids(info.context.actor, ids)


async def places(info: Info, ids: Sequence[str]) -> Mapping[str, Place]:
    """State and project by state id, read together, since an issue's state belongs to its project."""
    return await info.context.app.projects.places(info.context.actor, ids)
