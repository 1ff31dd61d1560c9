"""Every mutation, root field and relation, in every role: what the table says, and nothing else.

Roles are those of a workspace; besides them there are outsiders, who belong to another one, and callers without a
token.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from itertools import product
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from sqlalchemy import update

from api.app import create_app
from api.schema import schema
from domain.app import App
from domain.shared.actor import Actor, Role
from infra.workspaces.tables import MemberRow
from tests import api_defaults, execution_modes
from tests.client import Client
from tests.factories.accounts import IDS
from tests.root_fields import SCHEMA, asking, root_fields
from tests.tracker.api.permission_table import (
    EVERYBODY,
    PARENTS,
    READ_BY,
    ROOTS,
    SEEN_BY,
    USES,
    Scene,
    Use,
    member_of,
    roles,
)

OUTSIDER = None


def refusals(payload: Any) -> list[tuple[str, str]]:
    return [(error["__typename"], error["code"]) for error in payload["errors"]]


# The table is complete.


def undeclared(mutations: Collection[str], uses: Iterable[Use]) -> list[str]:
    declared = {use.mutation for use in uses}
    return [
        *(f"{name}: say in USES who may." for name in sorted(set(mutations) - declared)),
        *(f"{name}: there is no such mutation; take it out of USES." for name in sorted(declared - set(mutations))),
    ]


def mutations() -> list[str]:
    return [name for operation, name, _ in root_fields() if operation == "mutation"]


def test_every_mutation_is_in_the_table() -> None:
    assert undeclared(mutations(), USES) == []


def test_a_mutation_that_is_missing_is_found() -> None:
    others = [use for use in USES if use.mutation != "issuePurge"]
    assert undeclared(mutations(), others) == ["issuePurge: say in USES who may."]
    assert undeclared(["issueCreate"], [use for use in USES if use.mutation in ("issueCreate", "issuePurge")]) == [
        "issuePurge: there is no such mutation; take it out of USES."
    ]


def relations() -> dict[str, GraphQLObjectType]:
    """Fields of nodes that lead on to other objects."""
    nodes = SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects
    return {
        f"{node.name}.{name}": node
        for node in nodes
        for name, field in node.fields.items()
        if not is_leaf_type(get_named_type(field.type))
    }


def test_every_relation_and_root_field_is_in_the_table() -> None:
    assert relations().keys() == SEEN_BY.keys(), "Say in SEEN_BY who sees it."
    assert {node.name for node in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects} == PARENTS.keys()
    assert {name for operation, name, _ in root_fields() if operation == "query"} == ROOTS


# Mutations.


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
async def test_roles_without_the_permission_are_refused_and_change_nothing(use: Use, scene: Scene) -> None:
    before = await scene.world.rows()
    for role in (*Role, OUTSIDER):
        if not use.refuses(role):
            continue
        payload = await scene.client(role).mutate(use.mutation, use.given(scene, role))
        expected = ("PermissionError", "PERMISSION_DENIED") if role else ("NotFoundError", "NOT_FOUND")
        assert refusals(payload) == [expected], role
        assert payload["revision"] is None
        assert await scene.world.rows() == before, role


@pytest.mark.parametrize(
    ("use", "role"),
    [(use, role) for use in USES for role in (*roles(use.allowed), *([OUTSIDER] if use.is_open else []))],
    ids=lambda value: value.name if isinstance(value, Use) else str(value),
)
async def test_roles_with_the_permission_change_something(use: Use, role: Role | None, scene: Scene) -> None:
    """The very input that others are refused with."""
    before = await scene.world.rows()
    payload = await scene.client(role).mutate(use.mutation, use.given(scene, role))
    assert refusals(payload) == []
    assert (payload["revision"] is not None) is use.is_logged
    assert await scene.world.rows() != before


async def test_anonymous_callers_are_refused_by_the_services_too(scene: Scene) -> None:
    """A second line, should a root field ever be opened by mistake."""
    before = await scene.world.rows()
    nobody = Client(scene.world.app, Actor())
    for use in USES:
        type_name = use.mutation[0].upper() + use.mutation[1:]
        query = f"mutation ($input: {type_name}Input!) {{ {use.mutation}(input: $input) {{ errors {{ code }} }} }}"
        data, errors = await nobody.execute(query, input=use.given(scene, None))
        top_level = [error.original_error.failure for error in errors]
        codes = top_level or [error["code"] for error in data[use.mutation]["errors"]]
        assert codes in (["UNAUTHENTICATED"], ["NOT_FOUND"]), use.name
    assert await scene.world.rows() == before


# Ranks: who may make whom what.


@pytest.mark.parametrize("role", Role)
async def test_no_role_appoints_or_changes_members_above_its_rank(role: Role, scene: Scene) -> None:
    """Owners may everything; admins everything that no owner is part of; members and guests nothing."""
    before = await scene.world.rows()
    for target, wanted in product(Role, Role):
        may = role is Role.OWNER or (role is Role.ADMIN and Role.OWNER not in (target, wanted))
        payload = await scene.client(role).mutate(
            "memberUpdate", {"id": member_of(scene, target), "role": wanted.value}
        )
        assert refusals(payload) == ([] if may else [("PermissionError", "PERMISSION_DENIED")]), (target, wanted)
        if not may:
            assert await scene.world.rows() == before
        elif target is not wanted:
            await restore(scene, target)
            before = await scene.world.rows()


async def restore(scene: Scene, role: Role) -> None:
    member = scene.here.members[role]
    async with scene.world.engine.begin() as connection:
        old = {"role": member.role, "updated_at": member.updated_at}
        await connection.execute(update(MemberRow).where(MemberRow.id == member.id).values(**old))


@pytest.mark.parametrize("role", Role)
async def test_no_role_invites_above_its_rank(role: Role, scene: Scene) -> None:
    strangers = scene.world.elsewhere.people
    for wanted in Role:
        before = await scene.world.rows()
        may = role is Role.OWNER or (role is Role.ADMIN and wanted is not Role.OWNER)
        given = {"workspaceId": scene.here.workspace.id, "email": strangers[wanted].email, "role": wanted.value}
        payload = await scene.client(role).mutate("invitationCreate", given)
        assert refusals(payload) == ([] if may else [("PermissionError", "PERMISSION_DENIED")]), wanted
        assert (await scene.world.rows() == before) is not may


# Reading.


def path_to(field: str) -> str:
    """A query for one relation of one object."""
    kind, _, name = field.partition(".")
    arguments = {
        "Workspace.changeSet": "(id: 1)",
        "Workspace.changes": "(after: 0)",
        "Workspace.issue": '(identifier: "ENG-1")',
        "Workspace.project": '(key: "ENG")',
    }.get(field, "")
    target = get_named_type(relations()[field].fields[name].type)
    selection = "nodes { __typename }" if target.name.endswith("Connection") else "__typename"
    selection = "events { __typename }" if target.name == "ChangeBatch" else selection
    return f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {name}{arguments} {{ {selection} }} }} }} }}"


def has_content(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(has_content, value.values()))
    return bool(value)


@pytest.mark.parametrize("kind", PARENTS)
async def test_a_relation_is_visible_only_with_its_permission(kind: str, scene: Scene) -> None:
    await scene.client(Role.OWNER).mutate("labelUpdate", {"id": scene.here.label.id, "name": "logged"})
    for field, letters in SEEN_BY.items():
        owner, _, name = field.partition(".")
        if owner != kind:
            continue
        parent = scene.child if field == "Issue.parent" else PARENTS[kind](scene)
        for role in Role:
            node = (await scene.client(role).run(path_to(field), id=parent.id))["node"]
            assert has_content(node and node[name]) is (role in roles(letters)), (field, role)
        assert await scene.client(OUTSIDER).run(path_to(field), id=parent.id) == {"node": None}, field


@pytest.mark.parametrize("kind", PARENTS)
async def test_an_object_is_readable_by_id_only_with_its_permission(kind: str, scene: Scene) -> None:
    entity = PARENTS[kind](scene)
    missing = IDS.new(entity.prefix)
    query = "query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }"
    seen = {"__typename": kind, "id": entity.id}
    for role in Role:
        shown = seen if role in roles(READ_BY.get(kind, EVERYBODY)) else None
        assert await scene.client(role).run(query, id=entity.id) == {"node": shown, "nodes": [shown]}
        assert await scene.client(role).run(query, id=missing) == {"node": None, "nodes": [None]}
    assert await scene.client(OUTSIDER).run(query, id=entity.id) == {"node": None, "nodes": [None]}


async def test_a_workspace_is_found_only_by_its_members(scene: Scene) -> None:
    query = "query ($slug: String!) { workspace(slug: $slug) { id } workspaces { nodes { id } totalCount } }"
    here, spare, elsewhere = scene.here.workspace, scene.spare, scene.world.elsewhere.workspace
    mine = [{"id": each.id} for each in sorted((here, spare), key=lambda each: each.slug)]
    for role in Role:
        client = scene.client(role)
        own = {"workspaces": {"nodes": mine, "totalCount": 2}}
        assert await client.run(query, slug=here.slug) == {"workspace": {"id": here.id}, **own}
        assert await client.run(query, slug=elsewhere.slug) == {"workspace": None, **own}
        assert await client.run("{ viewer { id } }") == {"viewer": {"id": scene.here.people[role].id}}
    assert await scene.client(OUTSIDER).run(query, slug=here.slug) == {
        "workspace": None,
        "workspaces": {"nodes": [{"id": elsewhere.id}], "totalCount": 1},
    }


# Without a token.


@asynccontextmanager
async def http(app: App) -> AsyncIterator[httpx.AsyncClient]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[App]:
        yield app

    served = create_app(opened, api_defaults.http(execution=execution_modes.options()), schema=schema, routers=[])
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost:8000") as client,
    ):
        yield client


async def test_without_a_token_every_root_field_gets_the_same_error(scene: Scene) -> None:
    before = await scene.world.rows()
    answers: dict[tuple[int, str | None, bytes], list[str]] = {}
    inputs = {use.mutation: use.given(scene, None) for use in USES}
    arguments = {"id": scene.here.issue.id, "ids": [scene.here.issue.id], "slug": scene.here.workspace.slug}
    async with http(scene.world.app) as client:
        for operation, name, field in root_fields():
            if operation == "subscription":
                continue
            variables = {key: arguments.get(key, inputs.get(name)) for key in field.args}
            body = {"query": asking(operation, name, field), "variables": variables}
            response = await client.post("/graphql", json=body)
            answer = (response.status_code, response.headers.get("www-authenticate"), response.content)
            answers.setdefault(answer, []).append(name)
    [(status, challenge, content)] = answers
    assert (status, challenge) == (401, 'Bearer realm="workgraph"')
    assert b'"code":"UNAUTHENTICATED"' in content
    assert b'"data"' not in content
    assert await scene.world.rows() == before
