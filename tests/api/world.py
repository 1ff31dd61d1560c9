"""A small world that API tests begin with: two workspaces that know nothing of each other."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.model import User
from domain.app import App
from domain.auth.model import Session
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.categories import StateCategory
from domain.projects.model import Project, ProjectMember, State
from domain.shared.actor import Actor, Role
from domain.workspaces.model import Invitation, Member, Workspace
from infra.audit.tables import EventRow
from infra.db.list_sizes import ListSizes
from tests.api.client import Client
from tests.factories.accounts import UserFactory
from tests.factories.auth import SessionFactory
from tests.factories.comments import CommentFactory
from tests.factories.issues import IssueFactory
from tests.factories.labels import LabelFactory
from tests.factories.milestones import MilestoneFactory
from tests.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.factories.storing import repository_of, store
from tests.factories.workspaces import InvitationFactory, MemberFactory, WorkspaceFactory
from tests.patience import PATIENCE
from tests.routes import twins
from tests.stored_rows import stored_rows


@dataclass(frozen=True, kw_only=True)
class Place:
    """A workspace: a project with two states, a label, a milestone, an issue in it with a comment; a person a role.

    One invitation is open, by the owner and by a link. The guest is in the project.
    """

    workspace: Workspace
    people: dict[Role, User]
    members: dict[Role, Member]
    sessions: dict[Role, Session]
    invitation: Invitation
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
            self.workspace,
            *self.people.values(),
            *self.members.values(),
            *self.sessions.values(),
            self.invitation,
            self.project,
            self.guest_place,
            self.todo,
            self.done,
            self.label,
            self.milestone,
            self.issue,
            self.comment,
        ]


@dataclass(frozen=True, kw_only=True)
class World:
    app: App
    engine: AsyncEngine
    here: Place
    elsewhere: Place

    def client(self, role: Role | None) -> Client:
        """A client with that role here, or of another workspace."""
        place = self.here if role else self.elsewhere
        chosen = role or Role.OWNER
        session = place.sessions[chosen]
        actor = Actor(
            user_id=session.user_id,
            session_id=session.id,
            expires_at=session.expires_at,
            roles={place.workspace.id: chosen},
            areas={place.workspace.id: frozenset({place.project.id})} if chosen is Role.GUEST else {},
        )
        return Client(self.app, actor)

    @property
    def member(self) -> Client:
        return self.client(Role.MEMBER)

    @property
    def owner(self) -> Client:
        return self.client(Role.OWNER)

    async def store(self, *entities: Any) -> None:
        await store(self.engine, *entities)

    async def stored(self, kind: type, id: str) -> Any:
        """The entity as the database has it, None if it has not."""
        async with self.engine.connect() as connection:
            return await repository_of(kind, connection, ListSizes()).by_id(id)

    async def until_blocked(self, task: asyncio.Task[Any]) -> None:
        """Looks until some statement in this database waits for a lock that another transaction holds."""
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(PATIENCE), self.engine.connect() as connection:
            while not (await connection.scalar(waiting)):
                assert not task.done(), task.result()
                await connection.rollback()
                await asyncio.sleep(0.01)

    async def rows(self) -> dict[str, list[str]]:
        """Stored rows by table, to prove that nothing has changed."""
        return await stored_rows(self.engine)

    async def events(self, workspace_id: str | None = None) -> list[tuple[int, str, str, dict[str, Any]]]:
        """Revision, type, subject and changes of every event of the workspace (this one), in order."""
        columns = (EventRow.revision, EventRow.type, EventRow.subject_id, EventRow.changes)
        workspace_id = workspace_id or self.here.workspace.id
        here = select(*columns).where(EventRow.workspace_id == workspace_id).order_by(EventRow.revision)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(here)]


def place(key: str, workspace: Workspace) -> Place:
    people = {role: UserFactory(name=role.value.title()) for role in Role}
    members = {role: MemberFactory(workspace=workspace, user_id=user.id, role=role) for role, user in people.items()}
    project = ProjectFactory(workspace=workspace, key=key)
    todo = StateFactory(project=project, name="Todo", category=StateCategory.UNSTARTED, position=0)
    done = StateFactory(project=project, name="Done", category=StateCategory.COMPLETED, position=1)
    milestone = MilestoneFactory(project=project, name="First")
    issue = IssueFactory(
        project=project,
        state=todo,
        number=1,
        creator_id=people[Role.MEMBER].id,
        milestone_id=milestone.id,
        comment_count=1,
    )
    return Place(
        workspace=workspace,
        people=people,
        members=members,
        sessions={role: SessionFactory(user_id=user.id) for role, user in people.items()},
        invitation=InvitationFactory(workspace=workspace, created_by_id=people[Role.OWNER].id),
        project=project,
        guest_place=ProjectMemberFactory(project=project, member=members[Role.GUEST]),
        todo=todo,
        done=done,
        label=LabelFactory(workspace=workspace, name="bug"),
        milestone=milestone,
        issue=issue,
        comment=CommentFactory(issue=issue, author_id=people[Role.MEMBER].id),
    )


async def build_world(app: App, engine: AsyncEngine) -> World:
    # Equal routes, so that an ID of one workspace is looked up in the other and has to be refused there.
    here, elsewhere = (WorkspaceFactory(id=workspace_id) for workspace_id in twins())
    world = World(app=app, engine=engine, here=place("ENG", here), elsewhere=place("OPS", elsewhere))
    await world.store(*world.here.entities, *world.elsewhere.entities)
    return world
