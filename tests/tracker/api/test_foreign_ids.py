"""Proves that IDs of another workspace, and for guests of hidden projects, are answered like missing IDs.

The answers are equal byte for byte. The places are found in the schema, so a new field with an ID is tested without
being named here.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from api.graphql.masking import format_errors
from api.schema import schema
from api.shared.context import Context
from domain.shared.actor import Role
from tests.client import Client
from tests.factories.accounts import IDS, UserFactory
from tests.factories.workspaces import MemberFactory
from tests.root_fields import SCHEMA, root_fields
from tests.tracker.api.permission_table import PARENTS, USES, WITHIN, Scene, Use
from tests.tracker.api.world import Place
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory

KINDS: dict[str, Callable[[Place], str]] = {
    "comment": lambda place: place.comment.id,
    "issue": lambda place: place.issue.id,
    "issueId": lambda place: place.issue.id,
    "parentId": lambda place: place.issue.id,
    "label": lambda place: place.label.id,
    "labelIds": lambda place: place.label.id,
    "labels": lambda place: place.label.id,
    "invitation": lambda place: place.invitation.id,
    "member": lambda place: place.members[Role.MEMBER].id,
    "members": lambda place: place.members[Role.MEMBER].id,
    "milestone": lambda place: place.milestone.id,
    "milestones": lambda place: place.milestone.id,
    "milestoneId": lambda place: place.milestone.id,
    "projectMember": lambda place: place.guest_place.id,
    "project": lambda place: place.project.id,
    "projects": lambda place: place.project.id,
    "projectId": lambda place: place.project.id,
    "state": lambda place: place.todo.id,
    "stateId": lambda place: place.todo.id,
    "stateIds": lambda place: place.todo.id,
    "assignees": lambda place: place.people[Role.MEMBER].id,
    "assigneeIds": lambda place: place.people[Role.MEMBER].id,
    "author": lambda place: place.people[Role.MEMBER].id,
    "creator": lambda place: place.people[Role.MEMBER].id,
    "user": lambda place: place.people[Role.MEMBER].id,
    "workspace": lambda place: place.workspace.id,
    "workspaceId": lambda place: place.workspace.id,
    "memberId": lambda place: place.members[Role.MEMBER].id,
    "placeholderId": lambda place: place.members[Role.GUEST].id,
    "children": lambda place: place.issue.id,
    "comments": lambda place: place.comment.id,
    "ids": lambda place: place.issue.id,
    "issues": lambda place: place.issue.id,
    "trash": lambda place: place.issue.id,
}
"""Name of a field, or of a mutation or filter with an `id` -> the ID of the object that it expects."""

OTHER_ANSWERS = {
    "issueBatchUpdate change.assignees.remove": [],
    "issueBatchUpdate change.labels.remove": [],
    "issueUpdate assignees.remove": [],
    "issueUpdate labels.remove": [],
    "statesReorder stateIds": ["INVALID_INPUT"],
}
"""Places whose errors are others than NOT_FOUND, the same for every id: to remove what is not there changes nothing,
and an order has to name the project's own states."""


@dataclass(frozen=True)
class IdPlace:
    """Input field that takes an ID: the path to it, and whether it takes a list."""

    use: Use
    required: frozenset[str]
    way: tuple[str, ...]
    is_list: bool

    @property
    def name(self) -> str:
        return f"{self.use.mutation} {'.'.join(self.way)}"

    def input(self, scene: Scene, entity_id: str) -> dict[str, Any]:
        """Required fields of the mutation's input, with the given ID in this field."""
        given = {name: value for name, value in self.use.given(scene, Role.OWNER).items() if name in self.required}
        if self.way[0] == "change":
            given["change"] = {}  # so that the ID is all that it changes
        inner = given
        for step in self.way[:-1]:
            held = inner.get(step) or (WITHIN[step](scene) if step in WITHIN else {})
            inner[step] = dict(held[0] if isinstance(held, list) else held)
            inner = inner[step]
        inner[self.way[-1]] = [entity_id] if self.is_list else entity_id
        return given

    def foreign(self, scene: Scene) -> str:
        """ID of the kind that the field expects, from the other workspace."""
        return self.of(scene, scene.world.elsewhere)

    def of(self, scene: Scene, there: Place) -> str:
        """ID of the kind that the field expects, from `there`; always foreign for objects that places do not have."""
        if self.use.mutation == "apiKeyRevoke":
            return scene.foreign_api_key.id
        if self.use.mutation == "batchRunCancel":
            return scene.foreign_batch_run.id
        if self.use.mutation == "sessionEnd":
            return scene.foreign_session.id
        if self.way == ("fileId",):
            return scene.foreign_upload.id
        steps = [step for step in self.way if step not in ("id", "add", "remove", "set", "replaceWith")]
        noun = steps[-1] if steps else self.use.mutation
        key = noun if noun in KINDS else next((key for key in KINDS if noun.startswith(key)), noun)
        assert key in KINDS, f"{self.name}: say in KINDS what it is an id of."
        return KINDS[key](there)


def ids_in(kind: GraphQLInputType, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    named = get_named_type(kind)
    if named.name == "ID":
        yield way, is_list_type(get_nullable_type(kind))
    elif isinstance(named, GraphQLInputObjectType) and not is_filter(named):
        for name, field in named.fields.items():
            yield from ids_in(field.type, (*way, name))


def is_filter(kind: GraphQLInputObjectType) -> bool:
    """Whether the input contains itself. IDs in filters find nothing, and refuse nothing."""
    return any(get_named_type(field.type) is kind for field in kind.fields.values())


def id_places() -> list[IdPlace]:
    uses = {use.mutation: use for use in reversed(USES)}
    found = []
    for operation, name, field in root_fields():
        if operation != "mutation":
            continue
        assert name in uses, f"{name}: say in USES of tests/tracker/api/permission_table.py who may."
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        required = frozenset(name for name, each in kind.fields.items() if is_required_input_field(each))
        found += [IdPlace(uses[name], required, way, is_list) for way, is_list in ids_in(kind)]
    return found


async def answer(client: Client, query: str, **variables: Any) -> bytes:
    """Response body of the operation."""
    data, errors = await client.execute(query, **variables)
    return orjson.dumps({"data": data, "errors": format_errors(errors)})


def missing_like(entity_id: str) -> str:
    return IDS.new(entity_id.partition("_")[0])


def test_ids_are_found_in_the_schema() -> None:
    names = {place.name for place in id_places()}
    assert {"issueCreate projectId", "issueCreate labelIds", "issueUpdate assignees.add", "memberRemove id"} <= names
    assert OTHER_ANSWERS.keys() <= names


@pytest.mark.parametrize("place", id_places(), ids=lambda place: place.name)
async def test_a_mutation_does_not_know_foreign_ids(place: IdPlace, scene: Scene) -> None:
    before = await scene.world.rows()
    owner = scene.client(Role.OWNER)
    name = place.use.mutation
    type_name = name[0].upper() + name[1:]
    query = (
        f"mutation ($input: {type_name}Input!) {{ {name}(input: $input) "
        "{ __typename revision clientMutationId errors { __typename message code path } } }"
    )
    foreign_id = place.foreign(scene)
    foreign = await answer(owner, query, input=place.input(scene, foreign_id))
    missing = await answer(owner, query, input=place.input(scene, missing_like(foreign_id)))

    assert foreign == missing
    payload = orjson.loads(foreign)["data"][name]
    assert [error["code"] for error in payload["errors"]] == OTHER_ANSWERS.get(place.name, ["NOT_FOUND"])
    assert payload["revision"] is None
    assert await scene.world.rows() == before


SUBJECTS = {"fileId", "id", "issueId", "placeholderId", "projectId", "workspaceId", "workspaceIds"}
"""Fields that say what a mutation is done to; all other ids have to belong to the same workspace."""


@pytest.mark.parametrize(
    "place", [place for place in id_places() if place.way[0] not in SUBJECTS], ids=lambda place: place.name
)
async def test_nothing_refers_from_one_workspace_to_another(place: IdPlace, scene: Scene) -> None:
    """Refused even for the owner of both workspaces."""
    before = await scene.world.rows()
    client = scene.client(Role.OWNER)
    both = {**client.actor.roles, scene.world.elsewhere.workspace.id: Role.OWNER}
    owner_of_both = replace(client, actor=replace(client.actor, roles=both))
    payload = await owner_of_both.mutate(place.use.mutation, place.input(scene, place.foreign(scene)))
    codes = [error["code"] for error in payload["errors"]]
    assert codes == [] if OTHER_ANSWERS.get(place.name) == [] else codes in (["INVALID_INPUT"], ["NOT_FOUND"])
    assert payload["revision"] is None
    assert await scene.world.rows() == before


# Filters.


@dataclass(frozen=True)
class FilterPlace:
    """A list, and the way through its filter to a comparator of ids."""

    owner: str
    field: str
    filter_type: str
    way: tuple[str, ...]

    @property
    def list_name(self) -> str:
        return f"{self.owner}.{self.field}"

    @property
    def name(self) -> str:
        return f"{self.list_name} {'.'.join(self.way)}"

    def query(self, filters: Collection[str]) -> str:
        """Asks for the list once under each filter, a variable of that name."""
        variables = "".join(f", ${name}: {self.filter_type}" for name in filters)
        fields = " ".join(f"{name}: {self.field}(filter: ${name}) {{ nodes {{ id }} totalCount }}" for name in filters)
        return f"query ($id: ID!{variables}) {{ node(id: $id) {{ ... on {self.owner} {{ {fields} }} }} }}"

    def filter(self, comparator: dict[str, Any]) -> dict[str, Any]:
        inner: Any = comparator
        for step in reversed(self.way):
            inner = {step: inner}
        return {str(key): value for key, value in inner.items()}

    def foreign(self, place: Place) -> str:
        steps = [step for step in self.way if step not in ("id", "some", "every", "none")]
        own = self.filter_type.removesuffix("Filter")
        noun = steps[-1] if steps else own[0].lower() + own[1:]
        assert noun in KINDS, f"{self.name}: say in KINDS what it is an id of."
        return KINDS[noun](place)


def comparators_in(kind: GraphQLInputType, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    named = get_named_type(kind)
    if named.name == "IdComparator":
        yield way
    elif isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            if name not in ("and", "or", "not"):
                yield from comparators_in(field.type, (*way, name))


def filter_places() -> list[FilterPlace]:
    found = []
    for node in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects:
        for name, field in node.fields.items():
            if "filter" in field.args:
                assert not any(map(is_required_argument, field.args.values()))
                kind = field.args["filter"].type
                found += [FilterPlace(node.name, name, str(kind), way) for way in comparators_in(kind)]
    return found


def test_comparators_are_found_in_the_schema() -> None:
    names = {place.name for place in filter_places()}
    assert {"Workspace.issues labels.some.id", "Issue.comments author.id", "Workspace.members user.id"} <= names


def comparisons(entity_id: str) -> dict[str, dict[str, Any]]:
    return {
        "same": {"eq": entity_id},
        "among": {"in": [entity_id]},
        "other": {"neq": entity_id},
        "outside": {"notIn": [entity_id]},
    }


@pytest.mark.parametrize("name", sorted({place.list_name for place in filter_places()}))
async def test_a_filter_does_not_know_foreign_ids(name: str, scene: Scene) -> None:
    member = scene.client(Role.MEMBER)
    for place in filter_places():
        if place.list_name != name:
            continue
        foreign_id = place.foreign(scene.world.elsewhere)
        parent = PARENTS[place.owner](scene)
        foreign, missing = [
            await answer(member, place.query(filters), id=parent.id, **filters)
            for entity_id in (foreign_id, missing_like(foreign_id))
            for filters in [{key: place.filter(each) for key, each in comparisons(entity_id).items()}]
        ]
        assert foreign == missing, place.name
        assert orjson.loads(foreign)["errors"] == [], place.name


async def test_a_filter_does_know_own_ids(scene: Scene) -> None:
    """Proves that an ID filter can match, so that tests of foreign IDs do not merely compare empty lists."""
    place = next(place for place in filter_places() if place.name == "Workspace.issues labels.some.id")
    member = scene.client(Role.MEMBER)
    chosen = place.filter({"eq": scene.here.label.id})
    data = await member.run(place.query(["chosen"]), id=scene.here.workspace.id, chosen=chosen)
    assert data["node"]["chosen"] == {"nodes": [{"id": scene.here.issue.id}], "totalCount": 1}


# What guests may not see.


@pytest.fixture
async def hidden(scene: Scene) -> Place:
    """Project of the guest's workspace that the guest is not in, with another guest.

    An issue that the guest sees is a child of a hidden issue. Objects that all guests of a workspace see, such as
    labels, are those of the other workspace.
    """
    workspace = scene.here.workspace
    stranger = UserFactory()
    member = MemberFactory(workspace=workspace, user_id=stranger.id, role=Role.GUEST)
    project = ProjectFactory(workspace=workspace, key="SEC")
    todo, done = [StateFactory(project=project, position=position) for position in range(2)]
    milestone = MilestoneFactory(project=project)
    issue = IssueFactory(project=project, state=todo, number=1, creator_id=stranger.id, milestone_id=milestone.id)
    there = replace(
        scene.world.elsewhere,
        people=dict.fromkeys(Role, stranger),
        members=dict.fromkeys(Role, member),
        project=project,
        guest_place=ProjectMemberFactory(project=project, member=member),
        todo=todo,
        done=done,
        milestone=milestone,
        issue=issue,
        comment=CommentFactory(issue=issue, author_id=stranger.id),
    )
    below = IssueFactory(
        project=scene.here.project,
        state=scene.here.todo,
        number=9,
        creator_id=scene.here.issue.creator_id,
        parent_id=issue.id,
    )
    own = (there.guest_place, there.milestone, there.comment)
    await scene.world.store(stranger, member, project, todo, done, issue, below, *own)
    return there


@pytest.mark.parametrize("place", id_places(), ids=lambda place: place.name)
async def test_a_mutation_does_not_know_ids_that_are_hidden_from_a_guest(
    place: IdPlace, scene: Scene, hidden: Place
) -> None:
    before = await scene.world.rows()
    name = place.use.mutation
    type_name = name[0].upper() + name[1:]
    query = (
        f"mutation ($input: {type_name}Input!) {{ {name}(input: $input) "
        "{ __typename revision clientMutationId errors { __typename message code path } } }"
    )
    guest = scene.client(Role.GUEST)
    hidden_id = place.of(scene, hidden)
    known = await answer(guest, query, input=place.input(scene, hidden_id))
    assert known == await answer(guest, query, input=place.input(scene, missing_like(hidden_id)))
    assert orjson.loads(known)["data"][name]["errors"] != []
    assert await scene.world.rows() == before


@pytest.mark.parametrize(
    "name",
    [
        name if name == "Workspace.issues" else pytest.param(name, marks=pytest.mark.verify)
        for name in sorted({place.list_name for place in filter_places()})
    ],
)
async def test_a_filter_does_not_know_ids_that_are_hidden_from_a_guest(name: str, scene: Scene, hidden: Place) -> None:
    guest = scene.client(Role.GUEST)
    for place in filter_places():
        if place.list_name != name:
            continue
        hidden_id = place.foreign(hidden)
        parent = PARENTS[place.owner](scene)
        known, missing = [
            await answer(guest, place.query(filters), id=parent.id, **filters)
            for entity_id in (hidden_id, missing_like(hidden_id))
            for filters in [{key: place.filter(each) for key, each in comparisons(entity_id).items()}]
        ]
        assert known == missing, place.name
        assert orjson.loads(known)["errors"] == [], place.name


async def test_a_member_does_find_what_is_hidden_from_guests(scene: Scene, hidden: Place) -> None:
    """Proves that a filter by a hidden ID matches for members, so that its empty result for guests means something."""
    place = next(place for place in filter_places() if place.name == "Workspace.issues parentId")
    chosen = place.filter({"eq": hidden.issue.id})
    counts = {}
    for role in (Role.MEMBER, Role.GUEST):
        data = await scene.client(role).run(place.query(["chosen"]), id=scene.here.workspace.id, chosen=chosen)
        counts[role] = data["node"]["chosen"]["totalCount"]
    assert counts == {Role.MEMBER: 1, Role.GUEST: 0}


async def test_node_does_not_know_ids_that_are_hidden_from_a_guest(scene: Scene, hidden: Place) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }"
    member, guest = scene.client(Role.MEMBER), scene.client(Role.GUEST)
    entities = (hidden.project, hidden.guest_place, hidden.todo, hidden.milestone, hidden.issue, hidden.comment)
    for entity in (*entities, hidden.people[Role.GUEST], hidden.members[Role.GUEST], scene.run):
        known = await answer(guest, query, id=entity.id)
        assert known == await answer(guest, query, id=missing_like(entity.id))
        assert orjson.loads(known) == {"data": {"node": None, "nodes": [None]}, "errors": []}
        assert (await member.run(query, id=entity.id))["node"]["id"] == entity.id


# Lookups by id and by name.


@pytest.mark.parametrize("kind", PARENTS)
async def test_node_does_not_know_foreign_ids(kind: str, scene: Scene) -> None:
    elsewhere = {
        "Comment": scene.world.elsewhere.comment,
        "BatchRun": scene.foreign_batch_run,
        "ImportRun": scene.foreign_run,
        "Invitation": scene.world.elsewhere.invitation,
        "Issue": scene.world.elsewhere.issue,
        "Label": scene.world.elsewhere.label,
        "Milestone": scene.world.elsewhere.milestone,
        "Member": scene.world.elsewhere.members[Role.MEMBER],
        "Project": scene.world.elsewhere.project,
        "ProjectMember": scene.world.elsewhere.guest_place,
        "State": scene.world.elsewhere.todo,
        "User": scene.world.elsewhere.people[Role.MEMBER],
        "Workspace": scene.world.elsewhere.workspace,
    }[kind]
    owner = scene.client(Role.OWNER)
    query = "query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }"
    foreign = await answer(owner, query, id=elsewhere.id)
    assert foreign == await answer(owner, query, id=missing_like(elsewhere.id))
    assert orjson.loads(foreign) == {"data": {"node": None, "nodes": [None]}, "errors": []}


async def test_an_id_under_the_prefix_of_another_kind_is_not_found(scene: Scene) -> None:
    """The kind is in the id: nothing is found by the digits alone."""
    owner = scene.client(Role.OWNER)
    entities = [make(scene) for make in PARENTS.values()]
    for entity in entities:
        digits = entity.id.partition("_")[2]
        for prefix in {other.prefix for other in entities} - {entity.prefix}:
            assert await owner.run("query ($id: ID!) { node(id: $id) { id } }", id=f"{prefix}_{digits}") == {
                "node": None
            }


async def test_names_of_another_workspace_are_not_known(scene: Scene) -> None:
    member = scene.client(Role.MEMBER)
    elsewhere = scene.world.elsewhere
    by_slug = "query ($name: String!) { workspace(slug: $name) { id } }"
    by_key = "query ($id: ID!, $name: String!) { node(id: $id) { ... on Workspace { project(key: $name) { id } } } }"
    by_identifier = by_key.replace("project(key", "issue(identifier")
    here = scene.here.workspace.id
    assert await answer(member, by_slug, name=elsewhere.workspace.slug) == await answer(member, by_slug, name="nobody")
    for query, foreign, unknown in (
        (by_key, elsewhere.project.key, "NONE"),
        (by_identifier, f"{elsewhere.project.key}-{elsewhere.issue.number}", "NONE-1"),
    ):
        found = await answer(member, query, id=here, name=foreign)
        assert found == await answer(member, query, id=here, name=unknown)
        assert orjson.loads(found)["errors"] == []


async def test_a_subscription_does_not_know_foreign_workspaces(scene: Scene) -> None:
    async def first_answer(slug: str) -> bytes:
        context = Context(app=scene.world.app, actor=scene.client(Role.OWNER).actor)
        query = "subscription ($slug: String!) { changes(workspace: $slug, after: 0) { upTo } }"
        source = await schema.subscribe(query, variable_values={"slug": slug}, context_value=context)
        async for result in source:
            return orjson.dumps({"data": result.data, "errors": format_errors(result.errors or [])})
        raise AssertionError("It ended without an answer.")

    foreign = await first_answer(scene.world.elsewhere.workspace.slug)
    assert foreign == await first_answer("nobody")
    [error] = orjson.loads(foreign)["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_lists_hold_nothing_of_another_workspace(scene: Scene) -> None:
    """Proves that nothing reachable from the user's own workspaces contains an ID of the other workspace."""
    owner = scene.client(Role.OWNER)
    reached = await owner.run(
        """{ workspaces { nodes { id slug
        invitations { nodes { id createdBy { id } } }
        batchRuns { nodes { id startedBy { id } } }
        imports { nodes { id startedBy { id } } } members { nodes { id user { id } } } labels { nodes { id } }
        trash { nodes { id } }
        projects(includeArchived: true) { nodes {
          id states { id } members { nodes { id } } milestones { nodes { id } } } }
        issues(includeArchived: true) { nodes { id state { id } project { id } creator { id } assignees { id }
        labels { id } children { nodes { id } } comments { nodes { id author { id } } } } } } } }"""
    )
    text = orjson.dumps(reached)
    for entity in (*scene.world.elsewhere.entities, scene.foreign_run, scene.foreign_upload):
        assert entity.id.encode() not in text
    for kind, make in PARENTS.items():
        # An invitation that leads somewhere on every way has been accepted, and is in no list any more.
        entity = scene.here.invitation if kind == "Invitation" else make(scene)
        assert entity.id.encode() in text
