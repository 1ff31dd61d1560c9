"""A small world that API tests begin with: two workspaces that know nothing of each other."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from api.schema import schema
from domain.app import App
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.categories import StateCategory
from domain.projects.model import Project, ProjectMember, State
from domain.shared.actor import Role
from domain.workspaces.model import Workspace
from tests.factories.workspaces import WorkspaceFactory
from tests.routes import twins
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import REPOSITORIES, store
from tests.worlds import Team, TwoWorkspaces


@dataclass(frozen=True, kw_only=True)
class Place(Team):
    """A team with a label, and a project of its guest: two states, a milestone, and an issue with a comment."""

    project: Project
    guest_place: ProjectMember
    todo: State
    done: State
    label: Label
    milestone: Milestone
    issue: Issue
    comment: Comment

    @property
    def entities(self) -> list[Any]:
        return [
            *super().entities,
            self.project,
            self.guest_place,
            self.todo,
            self.done,
            self.label,
            self.milestone,
            self.issue,
            self.comment,
        ]

    @property
    def area_id(self) -> str:
        return self.project.id


@dataclass(frozen=True, kw_only=True)
class World(TwoWorkspaces[Place]):
    schema = schema
    repositories = REPOSITORIES

    async def store(self, *entities: Any) -> None:
        await store(self.engine, *entities)


def place(key: str, workspace: Workspace) -> Place:
    team = Team.of(workspace)
    creator = team.people[Role.MEMBER]
    project = ProjectFactory(workspace=workspace, key=key)
    todo = StateFactory(project=project, name="Todo", category=StateCategory.UNSTARTED, position=0)
    milestone = MilestoneFactory(project=project, name="First")
    issue = IssueFactory(
        project=project, state=todo, number=1, creator_id=creator.id, milestone_id=milestone.id, comment_count=1
    )
    return Place(
        **vars(team),
        project=project,
        guest_place=ProjectMemberFactory(project=project, member=team.members[Role.GUEST]),
        todo=todo,
        done=StateFactory(project=project, name="Done", category=StateCategory.COMPLETED, position=1),
        label=LabelFactory(workspace=workspace, name="bug"),
        milestone=milestone,
        issue=issue,
        comment=CommentFactory(issue=issue, author_id=creator.id),
    )


async def build_world(app: App, engine: AsyncEngine) -> World:
    # Equal routes, so that an ID of one workspace is looked up in the other and has to be refused there.
    here, elsewhere = (WorkspaceFactory(id=workspace_id) for workspace_id in twins())
    world = World(app=app, engine=engine, here=place("ENG", here), elsewhere=place("OPS", elsewhere))
    await world.store(*world.here.entities, *world.elsewhere.entities)
    return world
