"""Pairs of requests that differ only in what is hidden from a guest, and the answers that have to be equal.

A guest sends the same requests twice, with the same points left. In between, every hidden object gets other
values, and further hidden objects are created. The filters are generated from the schema, and their values are taken
from what is hidden before or after, so that most of them match hidden rows on one side only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import cache
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
)
from sqlalchemy import update

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.milestones.model import Milestone
from domain.projects.categories import StateCategory
from domain.projects.model import Project, State
from domain.shared.actor import Role
from domain.shared.budget import Allowance, Balance, Bucket
from infra.audit.tables import EventRow
from infra.limits.budget import LocalBudget
from tests import api_defaults
from tests.factories.accounts import UserFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory
from tests.fakes.clock import MemoryClock
from tests.root_fields import SCHEMA
from tests.served import served
from tests.tracker.api.guest_world import GuestWorld, node_selections
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import REPOSITORIES, save, store

OPTIONS = api_defaults.http(cost=api_defaults.cost(is_shown=True), request_seconds=120)  # time is not the subject here
UNEQUAL_HEADERS = ("date", "x-request-id")
LEFT = "{ rateLimit { remaining resetAt } }"
LOGIC = ("and", "or", "not")
PAGE = "totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

Change = Callable[[Any], dict[str, Any]]
CHANGES: Mapping[type, Change] = {
    User: lambda user: {"name": f"else {user.id}"},
    Project: lambda project: {"name": f"else {project.id}", "key": f"{project.key}9", "archived_at": MADE},
    State: lambda state: {"name": f"else {state.id}", "category": StateCategory.CANCELED},
    Milestone: lambda milestone: {"name": f"else {milestone.id}", "due_date": date(2031, 5, 17)},
    Comment: lambda comment: {"body": f"else {comment.id}"},
    Issue: lambda issue: {
        "title": f"else {issue.id}",
        "description": f"else {issue.id}",
        "number": issue.number + 1_000,
        "priority": Priority.URGENT,
        "due_date": date(2031, 5, 17),
        "estimate": 13,
        "completed_at": MADE,
        "trashed_at": None if issue.trashed_at else MADE,
        "archived_at": None if issue.archived_at else MADE,
    },
}
"""New values of a hidden object, by its class."""


class Asked(NamedTuple):
    query: str
    variables: dict[str, Any]


class Answered(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class HiddenChange:
    """Objects hidden from one guest, before and after a change, and further hidden objects that the change creates."""

    there: GuestWorld
    guest: int
    before: Sequence[Any]
    after: Sequence[Any]
    further: Sequence[Any]

    @classmethod
    def of(cls, there: GuestWorld, guest: int) -> "HiddenChange":
        visible = there.visible_to(guest)
        kinds = (there.people, there.projects, there.states, there.milestones, there.issues, there.comments)
        hidden = [each for kind in kinds for each in kind if each.id not in visible]
        after = [replace(each, **CHANGES[type(each)](each)) for each in hidden]
        return cls(there=there, guest=guest, before=hidden, after=after, further=_further(there))

    def values(self, kind: type, attribute: str) -> list[Any]:
        """Values of the attribute in hidden objects of that kind, before or after; in all objects if none is hidden."""
        if (kind, attribute) == (Issue, "identifier"):
            return self._identifiers()
        found = [getattr(each, attribute) for each in self.all_of(kind)]
        return [value for value in found if value is not None]

    def _identifiers(self) -> list[str]:
        """Identifiers of hidden issues with the keys that their projects have before and after."""
        projects = [*self.there.projects, *(each for each in self.all_of(Project))]
        return [
            f"{project.key}-{issue.number}"
            for issue in self.all_of(Issue)
            for project in projects
            if project.id == issue.project_id
        ]

    def all_of(self, kind: type) -> list[Any]:
        """Hidden objects of that kind, before and after; all objects if none is hidden."""
        hidden = [each for each in (*self.before, *self.after, *self.further) if isinstance(each, kind)]
        return hidden or list(self.there.things(kind))

    async def happen(self, world: World) -> None:
        await store(world.engine, *self.further)
        async with world.engine.begin() as connection:
            for before, after in zip(self.before, self.after, strict=True):
                await save(connection, before, after)
            projects = [each.id for each in self.before if isinstance(each, Project)]
            hidden = update(EventRow).where(EventRow.area_id.in_(projects))
            await connection.execute(hidden.values(changes={"title": [["one"], ["another"]]}))


def _further(there: GuestWorld) -> list[Any]:
    """A project whose only member is one more guest."""
    person = UserFactory(name="further person")
    member = MemberFactory(workspace=there.workspace, user_id=person.id, role=Role.GUEST)
    project = ProjectFactory(workspace=there.workspace, key="FURTHER", name="further project")
    state = StateFactory(project=project, name="further state", category=StateCategory.COMPLETED)
    milestone = MilestoneFactory(project=project, name="further milestone", due_date=date(2032, 1, 1))
    issue = IssueFactory(
        project=project, state=state, number=1, title="further issue", creator_id=person.id, milestone_id=milestone.id
    )
    comment = CommentFactory(issue=issue, author_id=person.id, body="further comment")
    place = ProjectMemberFactory(project=project, member=member)
    return [person, member, project, state, milestone, issue, comment, place]


# Filters, from the schema.


class Leaf(NamedTuple):
    """Comparison in a filter: the path to it, the filter that its field belongs to, and the type of its value."""

    path: tuple[str, ...]
    owner: str
    type: Any

    @property
    def subject(self) -> str:
        """Filter and field that the comparison applies to, without its operator."""
        names = self.path[:-1] if len(self.path) > 1 else self.path
        return f"{self.owner} {'.'.join(names)}"


class FilteredList(NamedTuple):
    parent: str
    field: str
    filter: GraphQLInputObjectType
    sorts: tuple[str, ...]


def filtered_lists() -> list[FilteredList]:
    """Every list of the schema that can be filtered, those of the workspace first."""
    found = []
    for name, kind in SCHEMA.type_map.items():
        for field_name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            if "filter" in field.args:
                sort = field.args.get("sort")
                keys = get_named_type(sort.type).fields if sort else ()  # type: ignore[union-attr]  # an input
                found.append(FilteredList(name, field_name, get_named_type(field.args["filter"].type), tuple(keys)))  # type: ignore[arg-type]  # an input
    return sorted(found, key=lambda each: (each.parent != "Workspace", each.parent, each.field))


def leaves(kind: GraphQLInputObjectType, path: tuple[str, ...] = (), owner: str = "") -> Iterator[Leaf]:
    owner = kind.name if kind.name.endswith("Filter") and not kind.name.endswith("ListFilter") else owner
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if name in LOGIC:
            continue
        if isinstance(inner, GraphQLInputObjectType):
            yield from leaves(inner, (*path, name), owner)
        else:
            yield Leaf((*path, name), owner, field.type)


def value_of(leaf: Leaf, hidden: HiddenChange, random: Random) -> Any:
    if leaf.path[-1] == "isNull":
        return random.choice([True, False])
    field = leaf.path[-2] if len(leaf.path) > 1 else leaf.path[-1]
    values = hidden.values(*_column(leaf.owner, field))
    kind = get_named_type(leaf.type)
    chosen = [_sent(random.choice(values), kind) if values else _default(kind) for _ in range(2)]
    return chosen if isinstance(get_nullable_type(leaf.type), GraphQLList) else chosen[0]


def _column(owner: str, field: str) -> tuple[type, str]:
    """Entity class that a filter applies to, and the attribute that one of its fields compares."""
    kind = next(kind for kind in REPOSITORIES if f"{kind.__name__}Filter" == owner)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in field)
    return (kind, "title") if snake == "text" else (kind, snake)


def _sent(value: Any, kind: Any) -> Any:
    if isinstance(kind, GraphQLEnumType):
        return next(name for name, each in kind.values.items() if each.value == value or name == value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value.name if isinstance(value, Enum) else value


def _default(kind: Any) -> Any:
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return {"Int": 5, "Date": "2031-05-17", "DateTime": "2031-05-17T00:00:00Z"}.get(kind.name, "else")


def all_filters() -> dict[str, list[tuple[FilteredList, Leaf]]]:
    """Each comparison of each list, by its subject."""
    found: dict[str, list[tuple[FilteredList, Leaf]]] = {}
    for each in filtered_lists():
        for leaf in leaves(each.filter):
            found.setdefault(leaf.subject, []).append((each, leaf))
    return found


def asked_with(listed: FilteredList, leaf: Leaf, hidden: HiddenChange, random: Random) -> Asked:
    """The list filtered by that comparison, alone or with another one, in any order and size."""
    wanted = _nested(leaf.path, value_of(leaf, hidden, random))
    others = list(leaves(listed.filter))
    other = random.choice(others)
    more = _nested(other.path, value_of(other, hidden, random))
    wanted = random.choice([wanted, wanted, {"not": wanted}, {"or": [wanted, more]}, {"and": [wanted, {"not": more}]}])
    variables = {"id": parent_of(listed.parent, hidden), "filter": wanted}
    variables |= random.choice([{"first": 3}, {"first": 100}, {"last": 50}])
    if listed.sorts:
        variables["sort"] = [{random.choice(listed.sorts): {"direction": random.choice(["ASC", "DESC"])}}]
    return Asked(_list_query(listed), variables)


@cache
def _list_query(listed: FilteredList) -> str:
    """Query for a list with its arguments as variables, so that it is parsed and compiled once."""
    arguments = SCHEMA.type_map[listed.parent].fields[listed.field].args  # type: ignore[attr-defined]  # an object
    names = [name for name in ("filter", "first", "last", "sort") if name in arguments]
    declared = ", ".join(f"${name}: {str(arguments[name].type).removesuffix('!')}" for name in names)
    passed = ", ".join(f"{name}: ${name}" for name in names)
    return f"""query ($id: ID!, {declared}) {{
      node(id: $id) {{ ... on {listed.parent} {{ {listed.field}({passed}) {{ {PAGE} }} }} }}
      rateLimit {{ cost remaining resetAt }} }}"""


def parent_of(kind: str, hidden: HiddenChange) -> str:
    """ID of a visible object of that kind, to be the parent of a list."""
    there, visible = hidden.there, hidden.there.visible_to(hidden.guest)
    things = there.things(next(each for each in REPOSITORIES if each.__name__ == kind))
    return str(next(each.id for each in things if each.id in visible))


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


# Requests without a filter.


def other_requests(hidden: HiddenChange) -> list[Asked]:
    """Requests without a filter: each object, hidden or not, by ID and by name, and the log of changes."""
    there = hidden.there
    selections = node_selections(there)
    ids = sorted({*there.everything, *(each.id for each in hidden.further)})
    asked = [Asked("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", {"ids": ids[:100]})]
    for kind, selection in selections.items():
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {selection} }} }} }}"
        asked += [Asked(query, {"id": id_}) for id_ in ids if id_.startswith(_prefix(kind))]
    for key in hidden.values(Project, "key"):
        asked.append(_named_in(there, f'project(key: "{key}") {{ id }}'))
    keys = {project.id: project.key for project in there.projects}
    for issue in hidden.all_of(Issue):
        identifier = f"{keys.get(issue.project_id, 'NONE')}-{issue.number}"
        asked.append(_named_in(there, f'issue(identifier: "{identifier}") {{ id }}'))
    for after in range(0, len(there.events), 7):
        events = "events { revision subjectId actor { id } changes { field before after } } upTo hasMore"
        asked.append(_named_in(there, f"changes(after: {after}, first: 9) {{ {events} }}"))
    return asked


def _prefix(kind: str) -> str:
    return next((f"{each.prefix}_" for each in REPOSITORIES if each.__name__ == kind), "none")


def _named_in(there: GuestWorld, field: str) -> Asked:
    return Asked(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Workspace {{ {field} }} }} }}", {"id": there.workspace.id}
    )


# Both sides.


class RefilledBudget:
    """Budget that `refill` restores to full, on a stopped clock, so that an unequal cost affects one request only."""

    def __init__(self) -> None:
        self.refill()

    def refill(self) -> None:
        self._points = LocalBudget(MemoryClock(), monotonic=lambda: 0.0)

    async def take(self, allowance: Allowance, points: int) -> Bucket:
        return await self._points.take(allowance, points)

    def give_back(self, allowance: Allowance, points: int) -> None:
        self._points.give_back(allowance, points)

    def balance(self, allowance: Allowance) -> Balance:
        return self._points.balance(allowance)


async def answers(world: World, hidden: HiddenChange, asked: Sequence[Asked]) -> list[Answered]:
    """Answers to the guest's requests, and then the points left after the last one."""
    actor = (await hidden.there.client(hidden.guest)).actor
    budget = RefilledBudget()
    found = []
    async with served(world, OPTIONS, actor=actor, budget=budget) as client:
        for query, variables in asked:
            budget.refill()
            response = await client.post("/graphql", json={"query": query, "variables": variables})
            headers = [(name, value) for name, value in response.headers.multi_items() if name not in UNEQUAL_HEADERS]
            found.append(Answered(response.status_code, headers, response.content))
        # What is left after the last one, as the next request is told.
        left = await client.post("/graphql", json={"query": LEFT})
        found.append(Answered(left.status_code, [], left.content))
    return found


async def unequal(world: World, hidden: HiddenChange, asked: Sequence[Asked]) -> list[tuple[Asked, bytes, bytes]]:
    """The requests that are answered in another way when what is hidden has changed, with both answers."""
    first = await answers(world, hidden, asked)
    await hidden.happen(world)
    second = await answers(world, hidden, asked)
    assert {each.status for each in first} == {200}
    return [
        (request, before.body, after.body)
        for request, before, after in zip([*asked, Asked(LEFT, {})], first, second, strict=True)
        if before != after
    ]
