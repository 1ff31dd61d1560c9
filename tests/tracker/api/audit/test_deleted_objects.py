"""What a deleted workflow state, milestone or label leaves behind."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import State
from domain.shared.actor import Actor, Role
from domain.shared.deleted_objects import DeletedObject
from infra.audit.tables import DeletedObjectRow
from tests.client import Client
from tests.factories.accounts import IDS
from tests.tracker.api.world import World
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

OF_KIND: tuple[tuple[str, type[Any]], ...] = (("state", State), ("milestone", Milestone), ("label", Label))


async def kept(world: World, *ids: str) -> list[DeletedObject]:
    async with world.app.labels._uow(Actor.system()) as uow:
        return list(await uow.deleted_objects.by_ids(world.here.workspace.id, ids))


async def delete(client: Client, *entities: Any) -> None:
    for entity in entities:
        kind = next(kind for kind, each in OF_KIND if type(entity) is each)
        assert (await client.mutate(f"{kind}Delete", {"id": entity.id}))["errors"] == []


@pytest.mark.parametrize(("kind", "entity"), OF_KIND)
async def test_a_deleted_object_can_be_built_again(world: World, kind: str, entity: type[Any]):
    place = world.here
    stored = {
        "state": StateFactory(project=place.project, name="Gone", position=2),
        "milestone": MilestoneFactory(project=place.project, name="Gone"),
        "label": LabelFactory(workspace=place.workspace, name="Gone", description=None),
    }[kind]
    await world.store(stored)
    before = await world.stored(entity, stored.id)
    await delete(world.member, stored)
    [left] = await kept(world, stored.id)
    area_id = None if kind == "label" else place.project.id
    assert (left.kind, left.name, left.area_id) == (kind, "Gone", area_id)
    assert left.restored(entity) == before == stored


async def test_an_object_that_a_run_deleted_is_built_without_the_deletion(world: World):
    label = LabelFactory(workspace=world.here.workspace)
    deleted = replace(label, deleting_since=label.updated_at, replaced_by_id=world.here.label.id)
    assert DeletedObject.of(deleted, kind="label").restored(Label) == label


async def test_a_refused_deletion_leaves_nothing(world: World):
    refusals = await world.member.refused("stateDelete", {"id": world.here.todo.id})
    assert [code for _, code, _ in refusals] == ["IN_USE"]
    assert await kept(world, world.here.todo.id) == []


async def test_guests_see_the_names_of_their_areas(world: World):
    other = ProjectFactory(workspace=world.here.workspace, key="OTHER")
    near, far = StateFactory(project=world.here.project, position=2), StateFactory(project=other, position=0)
    label = LabelFactory(workspace=world.here.workspace)
    await world.store(other, near, far, StateFactory(project=other, position=1), label)
    await delete(world.member, near, far, label)
    ids = (near.id, far.id, label.id)
    names = world.app.read.names
    assert await names.by_ids(world.member.actor, ids) == {each.id: each.name for each in (near, far, label)}
    assert await names.by_ids(world.client(Role.GUEST).actor, ids) == {near.id: near.name, label.id: label.name}
    assert await names.by_ids(world.client(None).actor, ids) == {}


@pytest.mark.parametrize("cascade", [False, True])
async def test_rows_go_with_their_project_only(world: World, cascade: bool):
    project = ProjectFactory(workspace=world.here.workspace, key="GONE")
    gone, state = StateFactory(project=project, position=0), StateFactory(project=world.here.project, position=2)
    await world.store(project, gone, StateFactory(project=project, position=1), state)
    await delete(world.member, gone, state)
    assert (await world.owner.mutate("projectDelete", {"id": project.id, "cascade": cascade}))["errors"] == []
    assert [left.id for left in await kept(world, gone.id, state.id)] == [state.id]


async def test_the_states_of_a_deleted_project_leave_nothing(world: World):
    payload = await world.owner.mutate("projectDelete", {"id": world.here.project.id, "cascade": True})
    assert payload["errors"] == []
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(DeletedObjectRow)) == 0


async def test_an_emptied_workspace_can_be_deleted(world: World):
    owner = world.owner
    payload = await owner.mutate("workspaceCreate", {"slug": "empty", "name": "Empty"}, "workspace { id }")
    workspace_id = payload["workspace"]["id"]
    owner = replace(owner, actor=replace(owner.actor, roles={workspace_id: Role.OWNER}))
    draft = {"workspaceId": workspace_id, "name": "gone", "color": "#000000"}
    label = (await owner.mutate("labelCreate", draft, "label { id }"))["label"]
    assert (await owner.mutate("labelDelete", {"id": label["id"]}))["errors"] == []
    await world.app.workspaces.delete(owner.actor, workspace_id)
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(DeletedObjectRow)) == 0


async def test_rows_of_objects_that_came_back_are_removed(world: World):
    label = LabelFactory(workspace=world.here.workspace)
    await world.store(label)
    await delete(world.member, label)
    async with world.app.labels._uow(Actor.system()) as uow:
        await uow.deleted_objects.forget(world.here.workspace.id, [label.id, IDS.new("lab")])
        await uow.labels.add(label)
        await uow.commit(None)
    assert await kept(world, label.id) == []
    await delete(world.member, label)
    assert len(await kept(world, label.id)) == 1
