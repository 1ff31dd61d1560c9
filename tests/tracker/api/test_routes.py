"""Lookups by ID ask the workspaces of the actor that can hold the row, each in a statement of its own."""

from typing import Any

import pytest
from sqlalchemy import text

from domain.labels.model import Label
from domain.projects.model import Project
from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound
from domain.shared.ids import route_of_workspace
from infra.db.list_sizes import ListSizes
from infra.projects.repository import SqlProjectRepository
from tests.client import Client
from tests.factories.accounts import IDS
from tests.factories.workspaces import WorkspaceFactory
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory

NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def in_both(world: World, *, elsewhere: Role = Role.MEMBER, areas: frozenset[str] = frozenset()) -> Client:
    """A client who is a member here, and has the role in the other workspace, whose route is the same."""
    roles = {world.here.workspace.id: Role.MEMBER, world.elsewhere.workspace.id: elsewhere}
    return Client(
        world.app,
        Actor(
            user_id=world.here.people[Role.MEMBER].id,
            session_id=world.here.sessions[Role.MEMBER].id,
            expires_at=world.here.sessions[Role.MEMBER].expires_at,
            roles=roles,
            areas={world.elsewhere.workspace.id: areas},
        ),
    )


async def found(client: Client, *ids: str) -> tuple[list[str], int]:
    """The IDs that `nodes` finds, and the number of statements."""
    with counted() as statements:
        data: Any = await client.run(NODES, ids=list(ids))
    return [node["id"] for node in data["nodes"] if node], len(statements)


async def test_ids_of_one_workspace_take_one_statement(world: World) -> None:
    others = {WorkspaceFactory().id: Role.MEMBER for _ in range(40)}
    client = world.member
    many = Client(world.app, Actor(**{**vars_of(client.actor), "roles": {**others, **client.actor.roles}}))
    labels = [world.here.label, *LabelFactory.build_batch(5, workspace=world.here.workspace)]
    await world.store(*labels[1:])
    ids = [label.id for label in labels]
    assert await found(many, *ids) == (ids, 1)


async def test_ids_of_no_workspace_of_the_actor_take_no_statement(world: World) -> None:
    ids = [IDS.new_in(WorkspaceFactory().id, Label.prefix) for _ in range(3)]
    assert await found(world.member, *ids) == ([], 0)


async def test_two_workspaces_of_one_route_are_both_asked(world: World) -> None:
    ids = [world.here.label.id, world.elsewhere.label.id]
    assert await found(in_both(world), *ids) == (ids, 2)
    assert await found(world.member, *ids) == (ids[:1], 1)


async def test_the_rule_for_guests_holds_in_the_workspace_where_the_actor_is_one(world: World) -> None:
    hidden = ProjectFactory(workspace=world.elsewhere.workspace)
    unshared = ProjectFactory(workspace=world.here.workspace)
    await world.store(hidden, unshared)
    seen = world.elsewhere.project.id
    client = in_both(world, elsewhere=Role.GUEST, areas=frozenset({seen}))
    assert await found(client, hidden.id, unshared.id, seen) == ([unshared.id, seen], 2)
    async with world.engine.begin() as connection:
        projects = SqlProjectRepository(connection, ListSizes())
        got = await projects.get_all(client.actor, [seen, unshared.id], for_update=True)
        assert [project.id for project in got] == sorted([seen, unshared.id])
        for ids in ([hidden.id], [seen, hidden.id], [IDS.new_in(world.here.workspace.id, Project.prefix)]):
            with pytest.raises(NotFound):
                await projects.get_all(client.actor, ids)


async def test_the_server_finds_the_workspace_of_an_id(world: World) -> None:
    ids = [world.here.project.id, world.elsewhere.project.id, IDS.new_in("wsp_none", Project.prefix)]
    assert (await world.app.read.projects.by_ids(Actor.system(), ids)).keys() == set(ids[:2])
    async with world.engine.begin() as connection:
        projects = SqlProjectRepository(connection, ListSizes())
        assert len(await projects.get_all(Actor.system(), ids[:2])) == 2
        with pytest.raises(NotFound):
            await projects.get_all(Actor.system(), ids)


async def test_the_database_computes_the_routes(world: World) -> None:
    async with world.engine.connect() as connection:
        for statement in ("SELECT id, route FROM workspace", "SELECT workspace_id, route FROM member"):
            rows = (await connection.execute(text(statement))).all()
            assert rows
            assert all(route == route_of_workspace(workspace_id) for workspace_id, route in rows)


def vars_of(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in Actor.__dataclass_fields__}
