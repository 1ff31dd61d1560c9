"""Where related entities come from, for `related`: one function each, since equal functions share what they read."""

from collections.abc import Mapping, Sequence

from api.shared.context import Info
from domain.accounts.model import User, UserId
from domain.issues.model import Issue
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.projects.ports import StateInProject
from domain.workspaces.model import Member, Workspace


async def users(info: Info, ids: Sequence[UserId]) -> Mapping[UserId, User]:
    """People whom visible entities name. `related` takes the ids from these, so they are not checked again."""
    return await info.context.app.read.users.named_by_ids(info.context.actor, ids)


async def workspaces(info: Info, ids: Sequence[str]) -> Mapping[str, Workspace]:
    return await info.context.app.read.workspaces.by_ids(info.context.actor, ids)


async def projects(info: Info, ids: Sequence[str]) -> Mapping[str, Project]:
    return await info.context.app.read.projects.by_ids(info.context.actor, ids)


async def members(info: Info, ids: Sequence[str]) -> Mapping[str, Member]:
    return await info.context.app.read.members.by_ids(info.context.actor, ids)


async def issues(info: Info, ids: Sequence[str]) -> Mapping[str, Issue]:
    return await info.context.app.read.issues.by_ids(info.context.actor, ids)


async def milestones(info: Info, ids: Sequence[str]) -> Mapping[str, Milestone]:
    return await info.context.app.read.milestones.by_ids(info.context.actor, ids)


async def states_in_projects(info: Info, ids: Sequence[str]) -> Mapping[str, StateInProject]:
    """State and project by state id, read together, since an issue's state belongs to its project."""
    return await info.context.app.read.states.with_projects_by_ids(info.context.actor, ids)
