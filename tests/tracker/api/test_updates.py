"""Updates change only the fields that the input contains; null clears optional fields."""

from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull

from api.graphql.runner import graphql_schema
from api.schema import schema
from api.shared.errors import camel_case
from domain.shared.actor import Role
from tests.refusals import invalid
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.storing import link
from tests.updates import Update


@dataclass(frozen=True, kw_only=True)
class BatchOfOne(Update):
    """A batch that changes the object of another update and no others."""

    workspace_id: str

    def given(self, subject: str, **values: Any) -> dict[str, Any]:
        common = {name: values.pop(name) for name in COMMON if name in values}
        return {"workspaceId": self.workspace_id, "select": {"ids": [subject]}, "change": values, **common}

    def path(self, name: str) -> tuple[str, ...]:
        return ("change", name)


def updates(world: World) -> dict[str, tuple[str, Update]]:
    """Mutation -> the ID of the object to update, and the update."""
    place = world.here
    issue = Update(
        "Issue",
        {
            "title": "New",
            "description": "New",
            "stateId": place.done.id,
            "priority": "LOW",
            "startDate": "2025-11-30",
            "dueDate": "2030-01-01",
            "estimate": 99,
            "milestoneId": None,
            "parentId": None,
            "assignees": {"set": [place.people[Role.OWNER].id]},
            "labels": {"set": []},
        },
        {
            "title": "title",
            "description": "description",
            "stateId": "state { id }",
            "priority": "priority",
            "startDate": "startDate",
            "dueDate": "dueDate",
            "estimate": "estimate",
            "milestoneId": "milestone { id }",
            "parentId": "parent { id }",
            "assignees": "assignees { id }",
            "labels": "labels { id }",
        },
        clearable=frozenset({"startDate", "dueDate", "estimate", "milestoneId", "parentId"}),
    )
    return {
        "workspaceUpdate": (
            place.workspace.id,
            Update("Workspace", {"slug": "new-slug", "name": "New"}, {"slug": "slug", "name": "name"}),
        ),
        "projectUpdate": (
            place.project.id,
            Update("Project", {"key": "NEW", "name": "New"}, {"key": "key", "name": "name"}),
        ),
        "stateUpdate": (
            place.todo.id,
            Update("State", {"name": "New", "color": "#000000"}, {"name": "name", "color": "color"}),
        ),
        "milestoneUpdate": (
            place.milestone.id,
            Update(
                "Milestone",
                {"name": "New", "dueDate": "2030-01-01"},
                {"name": "name", "dueDate": "dueDate"},
                clearable=frozenset({"dueDate"}),
            ),
        ),
        "labelUpdate": (
            place.label.id,
            Update(
                "Label",
                {"name": "new", "color": "#000000", "description": "New"},
                {"name": "name", "color": "color", "description": "description"},
                clearable=frozenset({"description"}),
            ),
        ),
        "commentUpdate": (place.comment.id, Update("Comment", {"body": "New"}, {"body": "body"})),
        "issueUpdate": (place.issue.id, issue),
        "issueBatchUpdate": (place.issue.id, BatchOfOne(**vars(issue), workspace_id=place.workspace.id)),
    }


MUTATIONS = (
    "workspaceUpdate",
    "projectUpdate",
    "stateUpdate",
    "milestoneUpdate",
    "labelUpdate",
    "commentUpdate",
    "issueUpdate",
    "issueBatchUpdate",
)
ALONE = {
    "memberUpdate": "its one field must be sent",
    "viewerUpdate": "it takes no id; tests/tracker/api/accounts/test_profile.py",
}
"""Updates that are not in the table -> why."""
APART = dict.fromkeys(
    ("issueUpdate.move", "issueBatchUpdate.move"), "needs another project; tests/tracker/api/issues/test_moves.py"
)
"""Fields of updates that are not in the table -> why."""
FOLLOWING = {"stateId": ("completedAt",), "body": ("editedAt",)}
"""Field of an input -> times that its change sets too."""
COMMON = ("clientMutationId", "idempotencyKey", "expectedRevision")
"""Fields of every update that are not fields of the object."""


@pytest.fixture
async def filled(world: World) -> World:
    """World in which every field that can be cleared has a value."""
    place = world.here
    parent = IssueFactory(project=place.project, state=place.todo, number=50, creator_id=place.issue.creator_id)
    await world.store(parent)
    await link(world.engine, place.issue, assignees=[place.people[Role.GUEST]], labels=[place.label])
    fill = {"description": "Old", "estimate": 5, "parentId": parent.id, "priority": "HIGH"}
    fill |= {"startDate": "2025-12-01", "dueDate": "2026-01-01"}
    await world.owner.mutate("issueUpdate", {"id": place.issue.id, **fill})
    await world.owner.mutate("milestoneUpdate", {"id": place.milestone.id, "dueDate": "2026-01-01"})
    await world.owner.mutate("labelUpdate", {"id": place.label.id, "description": "Old"})
    return world


async def shown(world: World, id: str, update: Update) -> dict[str, Any]:
    fields = " ".join(f"{name}: {selection}" for name, selection in update.selections.items())
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {update.kind} {{ {fields} }} }} }}"
    node: dict[str, Any] = (await world.owner.run(query, id=id))["node"]
    return node


def input_fields(mutation: str) -> dict[str, Any]:
    kind = graphql_schema(schema).mutation_type.fields[mutation].args["input"].type
    assert isinstance(kind, GraphQLNonNull)
    assert isinstance(kind.of_type, GraphQLInputObjectType)
    fields = kind.of_type.fields
    change = fields.get("change")
    fields = fields if change is None else change.type.of_type.fields
    return {name: field for name, field in fields.items() if name not in COMMON}


async def test_every_update_is_in_the_table_with_every_field(world: World):
    existing = {name for name in graphql_schema(schema).mutation_type.fields if name.endswith("Update")} - ALONE.keys()
    table = updates(world)
    assert set(MUTATIONS) == set(table) == existing, "Enter the mutation in updates() and MUTATIONS, or in ALONE."
    missing = [
        f"{name}.{field}: add to updates() of this file a value that it has not got, and what shows it."
        for name, (_, update) in table.items()
        for field in input_fields(name)
        if field != "id" and f"{name}.{field}" not in APART
        if not (field in update.values and field in update.selections)
    ]
    assert missing == []
    gone = [
        f"{name}.{field}" for name, (_, update) in table.items() for field in update.values.keys() - input_fields(name)
    ]
    assert gone == [], "There are no such fields: take them out of updates()."


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_field_that_is_left_out_stays(filled: World, mutation: str):
    client = filled.client(Role.MEMBER) if mutation == "commentUpdate" else filled.owner
    subject, update = updates(filled)[mutation]
    for name, value in update.values.items():
        before = await shown(filled, subject, update)
        payload = await client.mutate(mutation, update.given(subject, **{name: value}))
        assert (payload["errors"], payload["revision"] is None) == ([], False), name
        after = await shown(filled, subject, update)
        assert {key for key in after if after[key] != before[key]} == {name}
        [*_, (_, _, _, logged)] = await filled.events()
        assert {camel_case(key) for key in logged} == {name, *FOLLOWING.get(name, ())}, "Add it to `logged`."


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_an_id_alone_changes_nothing(filled: World, mutation: str):
    client = filled.client(Role.MEMBER) if mutation == "commentUpdate" else filled.owner
    subject, update = updates(filled)[mutation]
    before = await filled.rows()
    assert await client.mutate(mutation, update.given(subject)) == {"errors": [], "revision": None}
    assert await filled.rows() == before


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_null_clears_what_may_be_empty_and_is_refused_elsewhere(filled: World, mutation: str):
    subject, update = updates(filled)[mutation]
    for name in update.values:
        if name in update.clearable:
            before = await shown(filled, subject, update)
            assert before[name] is not None
            await filled.owner.mutate(mutation, update.given(subject, **{name: None}))
            assert await shown(filled, subject, update) == before | {name: None}
        else:
            rows = await filled.rows()
            refused = await filled.owner.refused(mutation, update.given(subject, **{name: None}))
            assert refused == invalid(".".join(update.path(name)), "REQUIRED"), name
            assert await filled.rows() == rows


@pytest.mark.parametrize(
    ("mutation", "fields"),
    [
        ("workspaceUpdate", ["name"]),
        ("projectUpdate", ["name"]),
        ("stateUpdate", ["name"]),
        ("labelUpdate", ["name", "description"]),
        ("issueUpdate", ["title"]),
        ("issueBatchUpdate", ["title"]),
    ],
)
async def test_blanks_around_a_line_make_no_change(filled: World, mutation: str, fields: list[str]):
    subject, update = updates(filled)[mutation]
    now = await shown(filled, subject, update)
    before = await filled.rows()
    same = {name: f" \t{now[name]}  " for name in fields}
    assert await filled.owner.mutate(mutation, update.given(subject, **same)) == {"errors": [], "revision": None}
    assert await filled.rows() == before


async def test_another_unicode_form_of_the_same_name_makes_no_change(world: World):
    label = LabelFactory(workspace=world.here.workspace, name="Café")
    await world.store(label)
    before = await world.rows()
    payload = await world.owner.mutate("labelUpdate", {"id": label.id, "name": "Cafe\u0301"})
    assert payload == {"errors": [], "revision": None}
    assert await world.rows() == before
