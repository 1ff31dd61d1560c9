"""Small random workspace, the part of it that a guest may see, and a crawl of everything that the schema leads to.

Each object is named after its own ID, so that any text of it in an answer shows the ID.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import orjson
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_leaf_type, is_required_argument
from sqlalchemy import insert

from domain.accounts.model import User
from domain.app import App
from domain.auth.model import Session
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, ProjectMember, State
from domain.shared.actor import Actor, Cause, Role
from domain.transfers.model import ImportRun
from domain.workspaces.model import Member, Workspace
from infra.audit.tables import EventRow
from infra.workspaces.tables import RevisionRow
from tests.client import Client
from tests.factories.accounts import IDS, UserFactory
from tests.factories.auth import SessionFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory, WorkspaceFactory
from tests.root_fields import SCHEMA
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import link, store
from tests.tracker.factories.transfers import ImportRunFactory

ID = re.compile(r"[a-z]{3}_[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}")
KEYS = ("QA", "ZX", "JV")
LOGGED = ("member.added", "label.updated", "workspace.updated")


def ids_in(answer: Any) -> set[str]:
    return set(ID.findall(orjson.dumps(answer).decode()))


@dataclass(kw_only=True)
class GuestWorld:
    app: App
    workspace: Workspace
    people: list[User]
    members: list[Member]
    sessions: list[Session]
    labels: list[Label]
    projects: list[Project]
    run: ImportRun
    guest_places: list[ProjectMember] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    assignees: dict[str, list[User]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def client(self, place: int) -> Client:
        """Client of the user at index `place`, with roles and projects as they are read at sign-in."""
        session = self.sessions[place]
        known = Actor(user_id=session.user_id, session_id=session.id, expires_at=session.expires_at)
        return Client(self.app, await self.app.auth.reload_actor(known))

    @property
    def everything(self) -> set[str]:
        kinds = (self.people, self.members, self.labels, self.projects, self.guest_places, self.states)
        listed = {each.id for kind in (*kinds, self.milestones, self.issues, self.comments) for each in kind}
        return listed | {self.workspace.id, self.run.id}

    def things(self, kind: type) -> list[Any]:
        """All objects of one kind."""
        kinds = (self.people, self.members, self.labels, self.projects, self.guest_places, self.states)
        everything = (each for one in (*kinds, self.milestones, self.issues, self.comments) for each in one)
        return [each for each in (self.workspace, self.run, *everything) if isinstance(each, kind)]

    def identifier_of(self, issue: Issue) -> str:
        key = next(project.key for project in self.projects if project.id == issue.project_id)
        return f"{key}-{issue.number}"

    def projects_of(self, place: int) -> set[str]:
        member = self.members[place]
        return {each.project_id for each in self.guest_places if each.member_id == member.id}

    def visible_to(self, place: int) -> set[str]:
        """IDs that the guest at index `place` may see, including those of users whom visible objects name."""
        projects = self.projects_of(place)
        found = {self.workspace.id, self.sessions[place].id, *projects, *(label.id for label in self.labels)}
        inside = [each for each in self._inside() if each.project_id in projects]
        found |= {each.id for each in inside}
        known = {each.member_id for each in inside if isinstance(each, ProjectMember)} | {self.members[place].id}
        for member in self.members:
            if member.role is not Role.GUEST or member.id in known:
                found |= {member.id, member.user_id}
        return found | self._named_by(inside) | self._named_by_events(projects)

    def issues_seen_by(self, place: int) -> list[Issue]:
        projects = self.projects_of(place)
        return [issue for issue in self.issues if issue.project_id in projects]

    def _inside(self) -> Iterable[Any]:
        return (*self.guest_places, *self.states, *self.milestones, *self.issues, *self.comments)

    def _named_by(self, inside: Sequence[Any]) -> set[str]:
        issues = [each for each in inside if isinstance(each, Issue)]
        named = {user.id for issue in issues for user in self.assignees[issue.id]}
        named |= {issue.creator_id for issue in issues}
        return named | {each.author_id for each in inside if isinstance(each, Comment)}

    def _named_by_events(self, projects: set[str]) -> set[str]:
        seen = [
            event
            for event in self.events
            if event["area_id"] in projects or event["type"].startswith(("label.", "workspace."))
        ]
        return {event["actor_id"] for event in seen}


def _named(entity: Any, **names: Any) -> Any:
    return replace(entity, **dict.fromkeys(names, f"about {entity.id}"))


async def build_guest_world(world: World, random: Random) -> GuestWorld:
    """Random workspace with an owner, a member and three guests. Each guest is in about half of the projects."""
    workspace = WorkspaceFactory()
    people = [_named(UserFactory(), name=1) for _ in range(5)]
    roles = (Role.OWNER, Role.MEMBER, Role.GUEST, Role.GUEST, Role.GUEST)
    there = GuestWorld(
        app=world.app,
        workspace=_named(workspace, name=1),
        people=people,
        members=[
            MemberFactory(workspace=workspace, user_id=user.id, role=role)
            for user, role in zip(people, roles, strict=True)
        ],
        sessions=[SessionFactory(user_id=user.id) for user in people],
        labels=[_named(LabelFactory(workspace=workspace), name=1) for _ in range(2)],
        projects=[_named(ProjectFactory(workspace=workspace, key=key), name=1) for key in KEYS],
        run=ImportRunFactory(workspace=workspace, started_by_id=people[0].id),
    )
    for project in there.projects:
        _fill(there, project, random)
    _put_under_each_other(there, random)
    await _save(world, there, random)
    return there


def _fill(there: GuestWorld, project: Project, random: Random) -> None:
    guests = [member for member in there.members if member.role is Role.GUEST]
    there.guest_places += [
        ProjectMemberFactory(project=project, member=guest) for guest in guests if random.random() < 0.5
    ]
    states = [_named(StateFactory(project=project, position=place), name=1) for place in range(2)]
    milestones = [_named(MilestoneFactory(project=project), name=1) for _ in range(random.randrange(3))]
    issues = [
        _named(
            IssueFactory(
                project=project,
                state=random.choice(states),
                number=number,
                creator_id=random.choice(there.people).id,
                milestone_id=random.choice([None, *(each.id for each in milestones)]),
                trashed_at=random.choice([None, None, None, MADE]),
                archived_at=random.choice([None, None, None, MADE]),
                created_at=MADE,
            ),
            title=1,
            description=1,
        )
        for number in range(1, random.randrange(2, 6))
    ]
    there.states += states
    there.milestones += milestones
    there.issues += issues
    there.comments += [
        _named(CommentFactory(issue=issue, author_id=random.choice(there.people).id), body=1)
        for issue in issues
        for _ in range(random.randrange(3))
    ]
    there.assignees |= {issue.id: random.sample(there.people, random.randrange(3)) for issue in issues}


def _put_under_each_other(there: GuestWorld, random: Random) -> None:
    """Gives some issues a parent, which can be in another project."""
    for place in range(1, len(there.issues)):
        if random.random() < 0.6:
            parent = random.choice(there.issues[:place])
            there.issues[place] = replace(there.issues[place], parent_id=parent.id)


async def _save(world: World, there: GuestWorld, random: Random) -> None:
    kinds = (there.people, there.members, there.sessions, there.labels, there.projects, there.guest_places)
    inside = (there.states, there.milestones, there.issues, there.comments)
    await store(world.engine, there.workspace, there.run, *(each for kind in (*kinds, *inside) for each in kind))
    for issue in there.issues:
        labels = random.sample(there.labels, random.randrange(3))
        await link(world.engine, issue, assignees=there.assignees[issue.id], labels=labels)
    for revision, (type_, subject) in enumerate(_happened(there), 1):
        parent = getattr(subject, "parent_id", None)
        changes = {"parent_id": [None, parent]} if parent else {"member_id": [None, subject.id]}
        there.events.append(
            {
                "workspace_id": there.workspace.id,
                "revision": revision,
                "change_set": revision,
                "type": type_,
                "subject_id": subject.id,
                "parent_id": getattr(subject, "issue_id", None),
                "area_id": getattr(subject, "area_id", None),
                "actor_id": random.choice(there.people).id,
                "cause": Cause.USER,
                "changes": changes,
                "occurred_at": MADE,
            }
        )
    async with world.engine.begin() as connection:
        await connection.execute(insert(EventRow), there.events)
        await connection.execute(
            insert(RevisionRow).values(workspace_id=there.workspace.id, revision=len(there.events))
        )


def _happened(there: GuestWorld) -> list[tuple[str, Any]]:
    return [
        ("workspace.updated", there.workspace),
        *(("label.updated", label) for label in there.labels),
        *(("member.added", member) for member in there.members),
        *(("project.created", project) for project in there.projects),
        *(("project_member.added", place) for place in there.guest_places),
        *(("state.created", state) for state in there.states),
        *(("milestone.created", milestone) for milestone in there.milestones),
        *(("issue.updated", issue) for issue in there.issues),
        *(("comment.created", comment) for comment in there.comments),
    ]


# The crawl.

NODE = SCHEMA.type_map["Node"]


def _arguments(there: GuestWorld) -> Mapping[str, Sequence[str]]:
    """Arguments for fields that require some, including arguments that a guest gets no answer for."""
    return {
        "Workspace.changes": ["after: 0, first: 500"],
        "Workspace.changeSet": [f"id: {event['revision']}" for event in there.events[::7]],
        "Workspace.project": [f'key: "{project.key}"' for project in there.projects],
        "Workspace.issue": [f'identifier: "{there.identifier_of(issue)}"' for issue in there.issues],
    }


def _selection(kind: GraphQLObjectType, there: GuestWorld, depth: int = 0) -> str:
    """Selection of every field of an object; of other nodes only the ID, by which the crawl requests them later."""
    parts = ["__typename"]
    ways = _arguments(there)
    for name, field_ in kind.fields.items():
        target = get_named_type(field_.type)
        inner = ""
        if isinstance(target, GraphQLObjectType) and NODE in target.interfaces:
            inner = " { id }" if depth or kind.name != "Query" else " { __typename id }"
        elif isinstance(target, GraphQLUnionType):
            # Each member by itself, because members have fields of the same name and different types.
            members = {each.name: _selection(each, there, depth + 1) for each in target.types}
            parts += [
                f"{name}{member}: {name} {{ ... on {member} {{ {inside} }} }}" for member, inside in members.items()
            ]
            continue
        elif target.name.endswith(("HistoryEdge", "EventEdge")):
            inner = " { cursor }"  # the nodes are those of `nodes`, and a query can have 30 aliases
        elif not is_leaf_type(target):
            inner = f" {{ {_selection(target, there, depth + 1)} }}"  # type: ignore[arg-type]  # its named type
        if any(map(is_required_argument, field_.args.values())):
            parts += [f"{name}{place}: {name}({way}){inner}" for place, way in enumerate(ways[f"{kind.name}.{name}"])]
        elif "includeArchived" in field_.args:
            parts.append(f"{name}(first: 100, includeArchived: true){inner}")
        else:
            parts.append(f"{name}(first: 100){inner}" if "first" in field_.args else f"{name}{inner}")
    return " ".join(parts)


def node_selections(there: GuestWorld) -> dict[str, str]:
    """Selection of all fields of each node type, by the name of the type."""
    return {kind.name: _selection(kind, there) for kind in SCHEMA.get_implementations(NODE).objects}


async def crawl(client: Client, there: GuestWorld, further: Iterable[str] = ()) -> tuple[set[str], dict[str, Any]]:
    """IDs that answers contain, and each node by its ID, starting at `workspaces` and at the further IDs."""
    reached = ids_in(await client.run("{ workspaces(first: 100) { nodes { id } } viewer { id } }"))
    nodes: dict[str, Any] = {}
    waiting = reached | set(further)
    asked: set[str] = set()
    kinds = node_selections(there)
    while waiting:
        entity_id = waiting.pop()
        asked.add(entity_id)
        if entity_id.partition("_")[0] in ("ses", "job", "key"):
            continue
        found = (await client.run("query ($id: ID!) { node(id: $id) { __typename } }", id=entity_id))["node"]
        if found is None:
            continue
        kind = found["__typename"]
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {kinds[kind]} }} }} }}"
        nodes[entity_id] = (await client.run(query, id=entity_id))["node"]
        told = ids_in(nodes[entity_id])
        reached |= told
        waiting |= told - asked
    return reached, nodes


def fresh_id(like: str) -> str:
    return IDS.new(like.partition("_")[0])
