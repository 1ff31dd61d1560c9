"""A second project to which tests move issues."""

from dataclasses import dataclass, replace
from typing import Any

from domain.issues.model import Issue
from domain.milestones.model import Milestone
from domain.projects.categories import StateCategory
from domain.projects.model import Project, State
from domain.shared.actor import Role
from tests.client import Client
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

MOVED = """issue { id identifier previousIdentifiers project { id } state { id } milestone { id } completedAt updatedAt
  comments { totalCount } parent { id } children { nodes { identifier } } }"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The project APP, whose last number is 4."""

    project: Project
    ideas: State
    todo: State
    shipped: State
    milestone: Milestone
    issue: Issue


async def stored_target(world: World) -> Target:
    project = ProjectFactory(workspace=world.here.workspace, key="APP", name="App")
    categories = {
        "Ideas": StateCategory.BACKLOG,
        "TODO": StateCategory.UNSTARTED,
        "Shipped": StateCategory.COMPLETED,
    }
    ideas, todo, shipped = (
        StateFactory(project=project, name=name, category=category, position=position)
        for position, (name, category) in enumerate(categories.items())
    )
    milestone = MilestoneFactory(project=project, name="Beta")
    issue = IssueFactory(project=project, state=ideas, creator_id=world.here.issue.creator_id, number=4)
    await world.store(project, ideas, todo, shipped, milestone, issue)
    return Target(project=project, ideas=ideas, todo=todo, shipped=shipped, milestone=milestone, issue=issue)


async def move(world: World, target: Project, issue: Issue | None = None, **further: Any) -> Any:
    """The payload of a move by a member."""
    sent = {"id": (issue or world.here.issue).id, "move": {"projectId": target.id}}
    return await world.member.mutate("issueUpdate", sent | further, MOVED)


def seeing(world: World, *projects: Project) -> Client:
    """The guest, as a member of these projects."""
    guest = world.client(Role.GUEST)
    areas = {world.here.workspace.id: frozenset(project.id for project in projects)}
    return replace(guest, actor=replace(guest.actor, areas=areas))
