"""Every list of the schema, filled: what it hangs on, what is in it, and how it can be sorted."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import Any

from factory import Factory
from sqlalchemy import insert

from domain.issues.priorities import Priority
from domain.shared.actor import Role
from infra.audit.tables import SecurityEventRow
from infra.batches.repository import SqlBatchRunRepository
from infra.db.base import Base
from infra.transfers.tables import ImportLossRow, ImportMappingRow
from tests.client import Client
from tests.factories.accounts import UserFactory
from tests.factories.auth import SecurityEventFactory, SessionFactory
from tests.factories.batches import BatchRunFactory, BatchSkipFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import InvitationFactory, MemberFactory, WorkspaceFactory
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.events import log_events
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory
from tests.tracker.factories.transfers import ImportLossFactory, ImportMappingFactory, ImportRunFactory

ISSUE_ORDERS = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "priority": "priority",
    "number": "number",
    "dueDate": "due_date",
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    client: Client
    parent: str | None
    """`Kind id` of what the list hangs on; None for a list at the root."""
    field: str
    within: str = ""
    """Field of the parent that leads to the object with the list, with its arguments."""
    items: list[Any]
    default: int
    orders: dict[str, str]
    """GraphQL's sort keys and the attributes that they sort by."""
    usual: tuple[str, str]
    """Sort key (or attribute, where the list cannot be sorted) and direction of the list's own order."""
    ties: tuple[str, ...] = ("id",)
    """Attributes by which items with equal values of a sort key are sorted."""
    identity: str = "id"
    """Field that identifies the items; it is requested with the alias `id`."""

    def query(self, arguments: str, select: str) -> str:
        """Query for the list. Replaces `{ id` in the selection by the field that identifies the items."""
        if self.identity != "id":
            select = select.replace("{ id", f"{{ id: {self.identity}")
        field = f"list: {self.field}{f'({arguments})' if arguments else ''} {{ {select} }}"
        if self.parent is None:
            return f"{{ {field} }}"
        kind, parent_id = self.parent.split()
        field = f"{self.within} {{ {field} }}" if self.within else field
        return f'{{ node(id: "{parent_id}") {{ ... on {kind} {{ {field} }} }} }}'

    async def page(self, arguments: str = "", select: str = "nodes { id }", **variables: str) -> Any:
        """The page; `$cursor` in the arguments is a variable, so that a document is validated once for many pages."""
        query = self.query(arguments, select)
        if "$cursor" in arguments:
            query = f"query ($cursor: String) {query}"
        data = await self.client.run(query, **variables)
        parent = data if self.parent is None else data["node"]
        return (parent[self.within.partition("(")[0]] if self.within else parent)["list"]

    async def ids(self, arguments: str = "") -> list[str]:
        return [node["id"] for node in (await self.page(arguments))["nodes"]]

    def has_nulls(self, key: str) -> bool:
        return any(getattr(item, self.orders[key]) is None for item in self.items)

    def sorted_ids(self, key: str, direction: str, nulls: str = "LAST") -> list[str]:
        """Expected IDs of the list, computed without the database."""
        attribute = self.orders.get(key, key)
        is_descending = direction == "DESC"
        there = [item for item in self.items if getattr(item, attribute) is not None]
        there.sort(key=attrgetter(attribute, *self.ties), reverse=is_descending)
        absent = [item for item in self.items if getattr(item, attribute) is None]
        absent.sort(key=attrgetter(*self.ties), reverse=is_descending)
        return [getattr(item, self.identity) for item in (absent + there if nulls == "FIRST" else there + absent)]


def _issues(world: World, count: int, **fields: Any) -> list[Any]:
    """Times in groups of three, every fourth without a due date."""
    place = world.here
    return [
        IssueFactory(
            project=place.project,
            state=place.todo,
            number=number,
            creator_id=place.issue.creator_id,
            priority=Priority(number % 5),
            due_date=None if number % 4 == 0 else (MADE + timedelta(days=number % 7)).date(),
            created_at=MADE + timedelta(hours=number // 3),
            updated_at=MADE - timedelta(hours=number // 5),
            **fields,
        )
        for number in range(2, count + 2)
    ]


async def issues_of_workspace(world: World, count: int) -> Listed:
    items = _issues(world, count - 1)
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Workspace {world.here.workspace.id}",
        field="issues",
        items=[world.here.issue, *items],
        default=50,
        orders=ISSUE_ORDERS,
        ties=("created_at", "id"),
        usual=("createdAt", "DESC"),
    )


async def issues_of_project(world: World, count: int) -> Listed:
    listed = await issues_of_workspace(world, count)
    return replace(listed, parent=f"Project {world.here.project.id}", default=20)


async def issues_of_milestone(world: World, count: int) -> Listed:
    items = _issues(world, count - 1, milestone_id=world.here.milestone.id)
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Milestone {world.here.milestone.id}",
        field="issues",
        items=[world.here.issue, *items],
        default=20,
        orders=ISSUE_ORDERS,
        ties=("created_at", "id"),
        usual=("createdAt", "DESC"),
    )


async def milestones_of_project(world: World, count: int) -> Listed:
    items = [
        MilestoneFactory(
            project=world.here.project,
            due_date=None if number % 4 == 0 else (MADE + timedelta(days=number % 7)).date(),
            created_at=MADE + timedelta(hours=number // 3),
        )
        for number in range(1, count)
    ]
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Project {world.here.project.id}",
        field="milestones",
        items=[world.here.milestone, *items],
        default=20,
        orders={"dueDate": "due_date", "createdAt": "created_at"},
        usual=("dueDate", "ASC"),
    )


async def members_of_project(world: World, count: int) -> Listed:
    place = world.here
    people = UserFactory.build_batch(count - 1)
    members = [MemberFactory(workspace=place.workspace, user_id=person.id, role=Role.GUEST) for person in people]
    items = [
        ProjectMemberFactory(project=place.project, member=member, created_at=MADE + timedelta(hours=number // 3))
        for number, member in enumerate(members)
    ]
    await world.store(*people, *members, *items)
    return Listed(
        client=world.member,
        parent=f"Project {place.project.id}",
        field="members",
        items=[place.guest_place, *items],
        default=20,
        orders={"createdAt": "created_at"},
        usual=("createdAt", "ASC"),
    )


async def issues_in_the_trash(world: World, count: int) -> Listed:
    items = _issues(world, count, trashed_at=MADE)
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Workspace {world.here.workspace.id}",
        field="trash",
        items=items,
        default=50,
        orders=ISSUE_ORDERS,
        ties=("created_at", "id"),
        usual=("createdAt", "DESC"),
    )


async def children_of_issue(world: World, count: int) -> Listed:
    items = _issues(world, count, parent_id=world.here.issue.id)
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Issue {world.here.issue.id}",
        field="children",
        items=items,
        default=20,
        orders=ISSUE_ORDERS,
        ties=("created_at", "id"),
        usual=("createdAt", "DESC"),
    )


async def comments_of_issue(world: World, count: int) -> Listed:
    items = [
        CommentFactory(
            issue=world.here.issue,
            author_id=world.here.comment.author_id,
            created_at=MADE + timedelta(hours=number // 3),
        )
        for number in range(1, count)
    ]
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Issue {world.here.issue.id}",
        field="comments",
        items=[world.here.comment, *items],
        default=20,
        orders={"createdAt": "created_at"},
        usual=("createdAt", "ASC"),
    )


async def labels_of_workspace(world: World, count: int) -> Listed:
    items = [
        LabelFactory(
            workspace=world.here.workspace,
            name=f"label {number * 7 % 100:03}",
            created_at=MADE + timedelta(hours=number // 3),
        )
        for number in range(1, count)
    ]
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Workspace {world.here.workspace.id}",
        field="labels",
        items=[world.here.label, *items],
        default=50,
        orders={"name": "name", "createdAt": "created_at"},
        usual=("name", "ASC"),
    )


async def projects_of_workspace(world: World, count: int) -> Listed:
    items = [
        ProjectFactory(
            workspace=world.here.workspace,
            key=f"P{number * 7 % 100}",
            created_at=MADE + timedelta(hours=number // 3),
        )
        for number in range(1, count)
    ]
    await world.store(*items)
    return Listed(
        client=world.member,
        parent=f"Workspace {world.here.workspace.id}",
        field="projects",
        items=[world.here.project, *items],
        default=50,
        orders={"key": "key", "createdAt": "created_at"},
        usual=("key", "ASC"),
    )


async def members_of_workspace(world: World, count: int) -> Listed:
    place = world.here
    people = UserFactory.build_batch(count - len(Role))
    items = [
        MemberFactory(workspace=place.workspace, user_id=person.id, created_at=MADE + timedelta(hours=number // 3))
        for number, person in enumerate(people)
    ]
    await world.store(*people, *items)
    return Listed(
        client=world.member,
        parent=f"Workspace {place.workspace.id}",
        field="members",
        items=[*place.members.values(), *items],
        default=50,
        orders={"createdAt": "created_at"},
        usual=("createdAt", "ASC"),
    )


async def workspaces_of_person(world: World, count: int) -> Listed:
    items = [WorkspaceFactory(slug=f"s{number * 7 % 100:03}") for number in range(1, count)]
    await world.store(*items)
    roles = {item.id: Role.GUEST for item in [world.here.workspace, *items]}
    client = world.member
    return Listed(
        client=replace(client, actor=replace(client.actor, roles=roles)),
        parent=None,
        field="workspaces",
        items=[world.here.workspace, *items],
        default=50,
        orders={},
        usual=("slug", "ASC"),
    )


async def invitations_of_workspace(world: World, count: int) -> Listed:
    place = world.here
    owner_id = place.people[Role.OWNER].id
    items = [
        InvitationFactory(
            workspace=place.workspace, created_by_id=owner_id, created_at=MADE + timedelta(hours=number // 3)
        )
        for number in range(count - 1)
    ]
    closed = [
        InvitationFactory(workspace=place.workspace, created_by_id=owner_id, **{field: MADE})
        for field in ("accepted_at", "revoked_at")
    ]
    await world.store(*items, *closed)
    return Listed(
        client=world.owner,
        parent=f"Workspace {place.workspace.id}",
        field="invitations",
        items=[place.invitation, *items],
        default=50,
        orders={},
        usual=("created_at", "DESC"),
    )


async def sessions_of_user(world: World, count: int) -> Listed:
    session = world.here.sessions[Role.MEMBER]
    items = [
        SessionFactory(user_id=session.user_id, created_at=MADE + timedelta(hours=number // 3))
        for number in range(count - 1)
    ]
    gone = [
        SessionFactory(user_id=session.user_id, **fields)
        for fields in ({"ended_at": MADE}, {"expires_at": MADE}, {"last_used_at": MADE - timedelta(days=400)})
    ]
    await world.store(*items, *gone)
    return Listed(
        client=world.member,
        parent=f"User {session.user_id}",
        field="sessions",
        items=[session, *items],
        default=20,
        orders={},
        usual=("created_at", "DESC"),
    )


async def security_events_of_user(world: World, count: int) -> Listed:
    user = world.here.people[Role.MEMBER]
    items = [
        SecurityEventFactory(user_id=user.id, occurred_at=MADE + timedelta(hours=number // 3))
        for number in range(count)
    ]
    of_another = SecurityEventFactory(user_id=world.here.people[Role.OWNER].id)
    async with world.engine.begin() as connection:
        await connection.execute(insert(SecurityEventRow), [asdict(event) for event in (*items, of_another)])
    return Listed(
        client=world.member,
        parent=f"User {user.id}",
        field="securityEvents",
        items=items,
        default=20,
        orders={},
        usual=("occurred_at", "DESC"),
    )


async def _runs_of_workspace(world: World, field: str, factory: type[Factory[Any]], count: int) -> Listed:
    owner = world.here.people[Role.OWNER]
    items = [
        factory(workspace=world.here.workspace, started_by_id=owner.id, created_at=MADE + timedelta(hours=number // 3))
        for number in range(count)
    ]
    await world.store(*items)
    return Listed(
        client=world.owner,
        parent=f"Workspace {world.here.workspace.id}",
        field=field,
        items=items,
        default=50,
        orders={},
        usual=("created_at", "DESC"),
    )


async def imports_of_workspace(world: World, count: int) -> Listed:
    return await _runs_of_workspace(world, "imports", ImportRunFactory, count)


async def batch_runs_of_workspace(world: World, count: int) -> Listed:
    return await _runs_of_workspace(world, "batchRuns", BatchRunFactory, count)


async def history_of_issue(world: World, count: int) -> Listed:
    """Entries of the issue, and of its comments in between."""
    issue, comment = world.here.issue, world.here.comment
    items: list[Any] = []
    for number in range(0, count, 5):
        items += await log_events(world.engine, comment, [{"body": ["a", "b"]}])
        titles = [{"title": [f"T{place}", f"T{place + 1}"]} for place in range(number + 1, min(number + 5, count))]
        items += await log_events(world.engine, issue, titles)
    await log_events(world.engine, issue, [{"completed_at": [None, "2026-01-01"]}])  # changes nothing that is shown
    return _history(world, "Issue", issue.id, items)


async def history_of_comment(world: World, count: int) -> Listed:
    comment = world.here.comment
    items = await log_events(world.engine, comment, [{"body": ["a", "b"]}] * count)
    return _history(world, "Comment", comment.id, items)


async def events_of_change_set(world: World, count: int) -> Listed:
    """Events of a commit, and as many of the job that it started, with those of other commits in between."""
    issue, of_commit = world.here.issue, (count + 1) // 2
    here, rename = {"change_set": of_commit + 1}, {"title": ["a", "b"]}
    [other] = await log_events(world.engine, issue, [rename])
    items: list[Any] = await log_events(world.engine, issue, [rename] * of_commit, **here)
    for _ in range(count - of_commit):
        await log_events(world.engine, issue, [rename])
        items += await log_events(world.engine, issue, [rename], **here)
    listed = _history(world, "Workspace", world.here.workspace.id, items)
    return replace(listed, field="events", within=f"changeSet(id: {other.revision + of_commit})")


def _history(world: World, kind: str, parent_id: str, items: list[Any]) -> Listed:
    return Listed(
        client=world.member,
        parent=f"{kind} {parent_id}",
        field="history",
        items=items,
        default=20,
        orders={},
        usual=("revision", "ASC"),
        ties=("revision",),
        identity="revision",
    )


async def _of_import(world: World, field: str, table: type[Base], items: list[Any], usual: str) -> Listed:
    run = ImportRunFactory(workspace=world.here.workspace, started_by_id=world.here.people[Role.OWNER].id)
    await world.store(run)
    if items:
        async with world.engine.begin() as connection:
            of_run = {"workspace_id": run.workspace_id, "run_id": run.id}
            await connection.execute(insert(table), [of_run | asdict(item) for item in items])
    return Listed(
        client=world.owner,
        parent=f"ImportRun {run.id}",
        field=field,
        items=items,
        default=20,
        orders={},
        usual=(usual, "ASC"),
        identity=usual,
    )


async def losses_of_import(world: World, count: int) -> Listed:
    return await _of_import(world, "losses", ImportLossRow, ImportLossFactory.build_batch(count), "line")


async def mappings_of_import(world: World, count: int) -> Listed:
    return await _of_import(world, "mappings", ImportMappingRow, ImportMappingFactory.build_batch(count), "source")


async def skipped_of_batch_run(world: World, count: int) -> Listed:
    run = BatchRunFactory(workspace=world.here.workspace, started_by_id=world.here.people[Role.OWNER].id)
    await world.store(run)
    skips = [BatchSkipFactory(workspace_id=run.workspace_id, index=index) for index in range(count)]
    async with world.engine.begin() as connection:
        await SqlBatchRunRepository(connection).add_skips(run, skips)
    return Listed(
        client=world.owner,
        parent=f"BatchRun {run.id}",
        field="skipped",
        items=skips,
        default=20,
        orders={},
        usual=("index", "ASC"),
        ties=("index",),
        identity="index",
    )


LISTS: dict[str, Callable[[World, int], Awaitable[Listed]]] = {
    "Query.workspaces": workspaces_of_person,
    "Workspace.members": members_of_workspace,
    "Workspace.projects": projects_of_workspace,
    "Milestone.issues": issues_of_milestone,
    "Project.members": members_of_project,
    "Project.milestones": milestones_of_project,
    "Workspace.labels": labels_of_workspace,
    "Workspace.issues": issues_of_workspace,
    "Workspace.trash": issues_in_the_trash,
    "Project.issues": issues_of_project,
    "Issue.children": children_of_issue,
    "Issue.comments": comments_of_issue,
    "Issue.history": history_of_issue,
    "Comment.history": history_of_comment,
    "ChangeSet.events": events_of_change_set,
    "Workspace.invitations": invitations_of_workspace,
    "User.securityEvents": security_events_of_user,
    "User.sessions": sessions_of_user,
    "Workspace.batchRuns": batch_runs_of_workspace,
    "Workspace.imports": imports_of_workspace,
    "BatchRun.skipped": skipped_of_batch_run,
    "ImportRun.losses": losses_of_import,
    "ImportRun.mappings": mappings_of_import,
}
