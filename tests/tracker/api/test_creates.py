"""Proves that each field of a mutation that creates an object is stored and written into the log.

The mutations and fields are those of the schema; one that the table does not know fails here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)

from api.shared.errors import camel_case
from domain.shared.actor import Role
from tests.root_fields import SCHEMA
from tests.routes import rows_without_route
from tests.tracker.api.world import World

COMMON = {"clientMutationId", "idempotencyKey"}
PLACES = {"projectId", "workspaceId"}
"""Fields that say where the entity goes, which every event says beside its changes."""

NAMED_OTHERWISE = {"assignees": "assigneeIds", "labels": "labelIds"}
"""Name in the log -> field of the input."""


def leaf(shown: Any) -> Any:
    """The id alone of `{"id": …}`, and of each item of a list."""
    if isinstance(shown, list):
        return [leaf(item) for item in shown]
    return leaf(*shown.values()) if isinstance(shown, dict) else shown


@dataclass(frozen=True)
class Create:
    entity: str
    """The payload's field."""
    values: dict[str, Any]
    """Field of the input -> a value other than its default."""
    shown_by: dict[str, str] = field(default_factory=dict)
    """Field of the input -> the selection that shows it, if that is not the field of the same name."""
    derived: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Field of the input that is shown in another form -> its value, derived from the entity."""
    again: dict[str, Any] = field(default_factory=dict)
    """Values that must differ in a second one."""
    unlogged: frozenset[str] = frozenset()
    """Fields that the event does not list; NOT_LOGGED in tests/architecture/test_drafts.py says why."""

    @property
    def selection(self) -> str:
        plain = [name for name in self.values if name not in self.derived and name != "workspaceId"]
        shown = (f"{name}: {self.shown_by.get(name, name)}" for name in plain)
        return f"{self.entity} {{ {' '.join(['id', *shown, *self.shown_by.get('', '').split()])} }}"

    def shown(self, payload: Any) -> dict[str, Any]:
        found = payload[self.entity]
        return {
            name: self.derived[name](found) if name in self.derived else leaf(found[name])
            for name in self.values
            if name != "workspaceId"
        }


def days(key: Any) -> int | None:
    """Lifetime of an API key in days; None if the key never expires."""
    if key["expiresAt"] is None:
        return None
    return (datetime.fromisoformat(key["expiresAt"]) - datetime.fromisoformat(key["createdAt"])).days


def creates(world: World) -> dict[str, Create]:
    """Cases by mutation, with a word after its name where one input cannot have all fields at once."""
    here = world.here
    place = {"workspaceId": here.workspace.id}
    project, project_id = {"projectId": here.project.id}, {"projectId": "project { id }"}
    key = {"name": "Nightly", "scopes": ["READ", "WRITE"], "workspaceIds": [here.workspace.id]}
    moments = {"": "createdAt expiresAt"}
    return {
        "apiKeyCreate": Create("apiKey", key | {"expiresInDays": 7}, moments, derived={"expiresInDays": days}),
        "apiKeyCreate forever": Create(
            "apiKey",
            key | {"neverExpires": True},
            moments,
            derived={"neverExpires": lambda key: days(key) is None},
        ),
        "commentCreate": Create(
            "comment",
            {"issueId": here.issue.id, "body": "Look *here*."},
            {"issueId": "issue { id }"},
            unlogged=frozenset({"issueId"}),
        ),
        "invitationCreate": Create(
            "invitation",
            place | {"email": "new@example.org", "role": "GUEST", "projectIds": [here.project.id]},
            {"projectIds": "projects { id }"},
            unlogged=frozenset({"email", "projectIds"}),
        ),
        "issueCreate": Create(
            "issue",
            project
            | {"title": "All at once", "description": "Said.", "stateId": here.done.id, "priority": "HIGH"}
            | {"startDate": "2026-01-02", "dueDate": "2026-03-04", "estimate": 5}
            | {"milestoneId": here.milestone.id, "parentId": here.issue.id}
            | {"assigneeIds": [here.people[Role.ADMIN].id], "labelIds": [here.label.id]},
            project_id
            | {"stateId": "state { id }", "milestoneId": "milestone { id }", "parentId": "parent { id }"}
            | {"assigneeIds": "assignees { id }", "labelIds": "labels { id }"},
        ),
        "labelCreate": Create(
            "label",
            place | {"name": "wish", "color": "#123456", "description": "Would be nice"},
            again={"name": "plain"},
        ),
        "milestoneCreate": Create(
            "milestone", project | {"name": "Beta", "dueDate": "2026-05-06"}, project_id, again={"name": "Plain"}
        ),
        "projectCreate": Create("project", place | {"key": "NEXT", "name": "Next"}, again={"key": "PLAIN"}),
        "stateCreate": Create(
            "state",
            project | {"name": "Review", "category": "STARTED", "color": "#654321"},
            project_id,
            again={"name": "Plain"},
        ),
        "workspaceCreate": Create("workspace", {"slug": "next", "name": "Next"}, again={"slug": "plain"}),
    }


CASES = (
    "apiKeyCreate",
    "apiKeyCreate forever",
    "commentCreate",
    "invitationCreate",
    "issueCreate",
    "labelCreate",
    "milestoneCreate",
    "projectCreate",
    "stateCreate",
    "workspaceCreate",
)


assert SCHEMA.mutation_type is not None
BATCHES = {name for name in SCHEMA.mutation_type.fields if name.endswith("BatchCreate")}
"""Mutations that create several objects from drafts, each with the fields of the mutation that creates one."""


def input_of(mutation: str) -> GraphQLInputObjectType:
    assert SCHEMA.mutation_type is not None
    kind = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


async def test_every_create_is_in_the_table_with_every_field(world: World):
    assert SCHEMA.mutation_type is not None
    found: dict[str, set[str]] = {}
    for case, create in creates(world).items():
        found.setdefault(case.partition(" ")[0], set()).update(create.values)
    assert set(CASES) == creates(world).keys(), "Enter the mutation in creates() and in CASES."
    existing = {name for name in SCHEMA.mutation_type.fields if name.endswith("Create") and name not in BATCHES}
    wrong = [
        f"{name}: enter it in creates() of this file, with a value other than the default."
        for mutation in sorted(existing)
        for name in (f"{mutation}.{field}" for field in sorted(input_of(mutation).fields.keys() - COMMON))
        if name.partition(".")[2] not in found.get(mutation, set())
    ]
    assert wrong == []


@pytest.mark.parametrize("case", CASES)
async def test_every_field_of_a_create_comes_back(world: World, case: str):
    mutation, create = case.partition(" ")[0], creates(world)[case]
    payload = await world.owner.mutate(mutation, create.values, create.selection)
    assert payload["errors"] == []
    sent = {name: value for name, value in create.values.items() if name != "workspaceId"}
    assert create.shown(payload) == sent

    # Were a value its field's default, nobody could tell whether it was stored.
    required = {name for name, each in input_of(mutation).fields.items() if is_required_input_field(each)}
    second = {name: value for name, value in create.values.items() if name in required} | create.again
    answer = await world.owner.mutate(mutation, second, create.selection)
    assert answer["errors"] == []
    other = create.shown(answer)
    assert [name for name in sent if name not in required and other[name] == sent[name]] == []


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("apiKey")])
async def test_every_field_of_a_create_is_in_the_log(world: World, case: str):
    create = creates(world)[case]
    payload = await world.owner.mutate(case, create.values, create.selection)
    assert await rows_without_route(world.engine) == {}
    created = payload[create.entity]["id"]
    workspace_id = created if case == "workspaceCreate" else world.here.workspace.id
    [changes] = [
        changes
        for _, kind, subject_id, changes in await world.events(workspace_id)
        if subject_id == created and kind.endswith(".created")
    ]
    logged = {NAMED_OTHERWISE.get(name, camel_case(name)) for name in changes}
    assert create.values.keys() - logged - PLACES - create.unlogged == set()


@pytest.mark.parametrize("batch", sorted(BATCHES))
async def test_every_field_of_a_create_comes_back_from_a_batch(world: World, batch: str):
    create = creates(world)[batch.replace("Batch", "")]
    places = {"projectId": world.here.project.id, "workspaceId": world.here.workspace.id}
    fields = input_of(batch).fields
    where = {name: entity_id for name, entity_id in places.items() if name in fields}
    [drafts] = [name for name, each in fields.items() if is_list_type(get_nullable_type(each.type))]
    draft = {name: value for name, value in create.values.items() if name not in where}
    assert draft.keys() == get_named_type(fields[drafts].type).fields.keys()
    payload = await world.owner.mutate(batch, where | {drafts: [draft]}, f"results {{ {create.selection} }}")
    assert payload["errors"] == []
    [result] = payload["results"]
    assert create.shown(result) == {name: value for name, value in create.values.items() if name != "workspaceId"}
