"""Kinds of batch runs belong to the slices of an application: here, a slice has one that the platform does not know."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from graphql import GraphQLEnumType
from sqlalchemy.exc import IntegrityError

from api import slices
from api.graphql.runner import graphql_schema
from api.schema import SlicedSchema, build_schema, schema
from api.shared.slices import ApiSlice
from domain.shared.actor import Actor
from domain.shared.batches import BatchKind, BatchRun, BatchWork, Worked
from domain.shared.slices import Slice, Unregistered
from domain.undo.work import CHANGE_SET_UNDO
from domain.workspaces.model import Workspace
from tests.factories.batches import BatchRunFactory
from tests.sample.application import SLICES_OF_SAMPLE
from tests.sample.world import LibraryWorld

RUNS = """query ($slug: String!, $id: ID!) {
  workspace(slug: $slug) { batchRuns { nodes { id kind } } }
  node(id: $id) { ... on BatchRun { kind } } }"""


class Dusting(BatchWork):
    async def fix(self, uow: Any, run: BatchRun) -> int:
        return 0

    async def change(self, actor: Actor, uow: Any, run: BatchRun, ids: Sequence[str], *, now: datetime) -> Worked:
        return Worked(changed_count=len(ids))

    async def finish(self, actor: Actor, uow: Any, run: BatchRun, *, now: datetime) -> None:
        """Leaves the shelf as it is."""

    async def release(self, actor: Actor, uow: Any, run: BatchRun, *, now: datetime) -> None:
        """Leaves the shelf as it is."""


DUSTING = BatchKind("DUSTING")
RULES = Slice(name="dusting", batches={DUSTING: Dusting()})
WITH_DUSTING = build_schema([*SLICES_OF_SAMPLE, ApiSlice(domain=RULES, batches={DUSTING: "Dusts the books."})])


def kinds_in(built: SlicedSchema) -> dict[str, str | None]:
    enum = graphql_schema(built).type_map["BatchKind"]
    assert isinstance(enum, GraphQLEnumType)
    return {name: value.description for name, value in enum.values.items()}


def test_a_schema_has_the_kinds_of_its_slices():
    undo = {"CHANGE_SET_UNDO": "Undoes a change set."}
    assert kinds_in(build_schema(slices.PLATFORM)) == undo
    assert kinds_in(WITH_DUSTING) == undo | {"DUSTING": "Dusts the books."}
    assert kinds_in(schema).keys() > {"ISSUE_UPDATE", "MEMBER_CLAIM"} | undo.keys()
    assert "DUSTING" not in kinds_in(schema)


def run(workspace: Workspace, kind: BatchKind, **fields: Any) -> BatchRun:
    return BatchRunFactory(workspace=workspace, kind=kind, started_by_id=None, **fields)


async def test_runs_are_stored_and_shown_with_the_kind_of_a_slice(world: LibraryWorld):
    here = world.here
    ours, undo = (run(here.workspace, kind) for kind in (DUSTING, CHANGE_SET_UNDO))
    await world.store(ours, undo)
    owner = replace(world.owner, schema=WITH_DUSTING)
    found = await owner.run(RUNS, slug=here.workspace.slug, id=ours.id)
    kinds = {each["id"]: each["kind"] for each in found["workspace"]["batchRuns"]["nodes"]}
    assert kinds == {ours.id: DUSTING, undo.id: CHANGE_SET_UNDO}
    assert found["node"] == {"kind": DUSTING}


async def test_an_object_has_one_unfinished_run_and_a_workspace_several(world: LibraryWorld):
    here = world.here
    of_workspace, of_shelf = (
        [run(here.workspace, DUSTING, subject_id=subject_id, finished_at=None) for _ in range(2)]
        for subject_id in (here.workspace.id, here.shelf.id)
    )
    await world.store(*of_workspace)
    with pytest.raises(IntegrityError, match="uq_batch_run_subject"):
        await world.store(*of_shelf)


def test_a_kind_is_described_once_and_belongs_to_one_slice():
    with pytest.raises(Unregistered, match=r"api/dusting/slice\.py: describe DUSTING in `batches`"):
        ApiSlice(domain=RULES)
    with pytest.raises(Unregistered, match=r"api/rooms/slice\.py: the slice has no batch runs 'DUSTING' to describe"):
        ApiSlice(domain=Slice(name="rooms"), batches={DUSTING: "Dusts the rooms."})
    again = Slice(name="again", batches=RULES.batches)
    twice = [ApiSlice(domain=each, batches={DUSTING: "Dusts the books."}) for each in (RULES, again)]
    with pytest.raises(Unregistered, match="the batch kind 'DUSTING'"):
        build_schema([*SLICES_OF_SAMPLE, *twice])
