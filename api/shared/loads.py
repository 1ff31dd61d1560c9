"""Loaders of related entities for `related`. Fields with one loader function share its reads.

Readers that take a projection answer with rows, if the plan of the operation asks for certain attributes only.
"""

from collections.abc import Mapping, Sequence

from api.shared.context import Info
from domain.accounts.model import User, UserId
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.projects.ports import StateInProject
from domain.shared.batches import BatchRun
from domain.workspaces.model import Member, Workspace
from strawberry_compiled import projection_of


async def users(info: Info, ids: Sequence[UserId]) -> Mapping[UserId, User]:
    """Users by ID. `related` takes the IDs from visible entities, so no further check is needed."""
    return await info.context.app.read.users.named_by_ids(info.context.actor, ids, projection_of(info))


async def user_lists(info: Info, lists: Sequence[tuple[UserId, ...]]) -> Mapping[tuple[UserId, ...], Sequence[User]]:
    """Users by lists of their IDs, for fields that show several users."""
    ids = list(dict.fromkeys(each for listed in lists for each in listed))
    found = await info.context.app.read.users.named_by_ids(info.context.actor, ids) if ids else {}
    return {listed: [found[each] for each in listed if each in found] for listed in lists}


async def names(info: Info, ids: Sequence[str]) -> Mapping[str, str]:
    """Names of objects by ID, of all kinds that changes in histories name."""
    return await info.context.app.read.names.by_ids(info.context.actor, ids)


async def workspaces(info: Info, ids: Sequence[str]) -> Mapping[str, Workspace]:
    return await info.context.app.read.workspaces.by_ids(info.context.actor, ids, projection_of(info))


async def projects(info: Info, ids: Sequence[str]) -> Mapping[str, Project]:
    return await info.context.app.read.projects.by_ids(info.context.actor, ids, projection_of(info))


async def members(info: Info, ids: Sequence[str]) -> Mapping[str, Member]:
    return await info.context.app.read.members.by_ids(info.context.actor, ids, projection_of(info))


async def issues(info: Info, ids: Sequence[str]) -> Mapping[str, Issue]:
    return await info.context.app.read.issues.by_ids(info.context.actor, ids, projection_of(info))


async def comments(info: Info, ids: Sequence[str]) -> Mapping[str, Comment]:
    return await info.context.app.read.comments.by_ids(info.context.actor, ids, projection_of(info))


async def milestones(info: Info, ids: Sequence[str]) -> Mapping[str, Milestone]:
    return await info.context.app.read.milestones.by_ids(info.context.actor, ids, projection_of(info))


async def labels(info: Info, ids: Sequence[str]) -> Mapping[str, Label]:
    return await info.context.app.read.labels.by_ids(info.context.actor, ids, projection_of(info))


async def batch_runs(info: Info, ids: Sequence[str]) -> Mapping[str, BatchRun]:
    return await info.context.app.read.batch_runs.by_ids(info.context.actor, ids)


async def states(info: Info, ids: Sequence[str]) -> Mapping[str, State]:
    return await info.context.app.read.states.by_ids(info.context.actor, ids, projection_of(info))


async def states_in_projects(info: Info, ids: Sequence[str]) -> Mapping[str, StateInProject]:
    """State and project by state id, read together, since an issue's state belongs to its project."""
    return await info.context.app.read.states.with_projects_by_ids(info.context.actor, ids, projection_of(info))
