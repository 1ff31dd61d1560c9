"""A commit numbers and stores its events, sizes of lists and the outcome of its key in the message that commits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, text

from domain.shared.actor import Actor, IdempotencyKey
from domain.shared.errors import InvalidInput
from domain.shared.events import LONGEST_TEXT, Event, FieldChange
from domain.shared.uow import Replayed
from domain.undo.work import CHANGE_SET_UNDO
from infra.audit.tables import EventRow, EventTextRow
from infra.batches.tables import BatchRunRow
from infra.db.engine import Engines, open_engines
from infra.db.list_sizes import ListKey
from infra.db.tables import ListSizeRow
from infra.db.write_connection import Notices
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUow, SqlUowFactory
from tests import defaults
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import WorkspaceFactory
from tests.fakes.clock import MemoryClock
from tests.patience import PATIENT
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.domain.events import BookUpdated, ShelfCreated
from tests.stored_entities import store

CLOCK = MemoryClock()
IDS = Uuid7IdFactory(CLOCK)
ONE, OTHER = sorted(IDS.new("wsp") for _ in range(2))
ANN = Actor(user_id=IDS.new("usr"))


@pytest.fixture
async def engines(database: str) -> AsyncIterator[Engines]:
    async with open_engines(database, PATIENT) as opened:
        yield opened


def factory_of(engines: Engines) -> SqlUowFactory:
    return SqlUowFactory(engines.write, CLOCK, IDS, lambda committed: None, slices=ADAPTERS_OF_SAMPLE)


@pytest.fixture
def opened(engines: Engines) -> SqlUowFactory:
    return factory_of(engines)


@pytest.fixture(params=["told", "not told"])
def maybe_told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages beside results arrive, or something on the way keeps them back."""
    if request.param == "not told":
        monkeypatch.setattr(Notices, "__call__", lambda *_: None)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Messages without parameters, as they are sent."""
    sent: list[str] = []
    execute = asyncpg.Connection.execute

    async def noted(self: Any, query: str, *given: Any, **options: Any) -> str:
        sent.append(query)
        return await execute(self, query, *given, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", noted)
    return sent


def created(workspace_id: str, **changes: FieldChange) -> Event:
    return ShelfCreated(workspace_id=workspace_id, subject_id=IDS.new("shf"), changes=changes)


async def stored(engines: Engines, *columns: Any) -> list[tuple[Any, ...]]:
    async with engines.write.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(*columns[:2]))]


async def counters(engines: Engines) -> dict[str, int]:
    async with engines.write.connect() as connection:
        rows = await connection.execute(text("SELECT workspace_id, revision FROM workspace_revision"))
        return dict(map(tuple, rows))


async def test_the_counter_is_locked_in_one_message_only(opened: SqlUowFactory, messages: list[str]) -> None:
    await commit(opened, created(ONE))  # opens the connection
    messages.clear()
    async with opened(ANN) as uow:
        uow.record(created(ONE))
        uow.sizes.change([ListKey(ONE, ONE, 0)], 1)
        await uow.commit(None)
    begin, last = messages
    assert begin.startswith("BEGIN")
    assert last.startswith("SELECT workgraph_commit(")
    assert last.endswith("; COMMIT")


@pytest.mark.usefixtures("maybe_told")
async def test_events_of_several_workspaces_have_the_next_numbers_of_each(
    engines: Engines, opened: SqlUowFactory
) -> None:
    await commit(opened, created(OTHER))
    uow = await commit(opened, created(OTHER), created(ONE), created(OTHER), created(ONE), created(ONE))
    assert uow.committed is not None
    assert uow.committed.revisions == {ONE: 3, OTHER: 3}
    assert list(uow.committed.revisions) == [ONE, OTHER]
    rows = await stored(engines, EventRow.workspace_id, EventRow.revision, EventRow.change_set, EventRow.actor_id)
    assert rows == [(ONE, each, 3, ANN.user_id) for each in (1, 2, 3)] + [
        (OTHER, 1, 1, ANN.user_id),
        (OTHER, 2, 3, ANN.user_id),
        (OTHER, 3, 3, ANN.user_id),
    ]
    assert await counters(engines) == {ONE: 3, OTHER: 3}


async def commit(opened: SqlUowFactory, *events: Event, actor: Actor = ANN) -> SqlUow:
    async with opened(actor) as uow:
        for event in events:
            uow.record(event)
        await uow.commit(None)
    return uow


async def test_concurrent_commits_number_without_gap_or_double(engines: Engines, opened: SqlUowFactory) -> None:
    uows = await asyncio.gather(*(commit(opened, created(ONE), created(ONE)) for _ in range(40)))
    assert sorted(uow.committed.revisions[ONE] for uow in uows if uow.committed) == list(range(2, 82, 2))
    rows = await stored(engines, EventRow.revision, EventRow.change_set)
    assert rows == [(each, each + each % 2) for each in range(1, 81)]


async def test_odd_and_long_texts_are_stored_as_they_are(engines: Engines, opened: SqlUowFactory) -> None:
    odd, long = "it's \\ $$ 'x'; COMMIT; --", "'\\é" * LONGEST_TEXT
    changes = {"title": FieldChange(before=odd, after=None), "description": FieldChange(before=None, after=long)}
    await commit(opened, created(ONE), created(ONE, **changes))
    rows = await stored(engines, EventRow.revision, EventRow.changes, EventRow.text_length)
    assert rows[1] == (2, {"title": [odd, None], "description": [None, None]}, len(long))
    texts = await stored(engines, EventTextRow.revision, EventTextRow.field, EventTextRow.side, EventTextRow.body)
    assert texts == [(2, "description", 1, long)]


async def test_a_job_keeps_the_change_set_that_started_it(engines: Engines, opened: SqlUowFactory) -> None:
    await commit(opened, created(ONE))
    await commit(opened, created(ONE), actor=replace(ANN, change_set=1))
    assert await stored(engines, EventRow.revision, EventRow.change_set) == [(1, 1), (2, 1)]


async def test_sizes_of_lists_change_with_or_without_an_event(engines: Engines, opened: SqlUowFactory) -> None:
    columns = (ListSizeRow.workspace_id, ListSizeRow.parent_id, ListSizeRow.lifecycle, ListSizeRow.size)
    for by in (2, 3, -1):
        async with opened(ANN) as uow:
            uow.sizes.change([ListKey(ONE, "shf_b", 0), ListKey(ONE, "shf_a", 1), ListKey(OTHER, "shf_c", 0)], by)
            await uow.commit(None)
    assert uow.committed is not None
    assert (uow.committed.revisions, await counters(engines)) == ({}, {})
    assert await stored(engines, *columns) == [(ONE, "shf_a", 1, 4), (ONE, "shf_b", 0, 4), (OTHER, "shf_c", 0, 4)]
    async with opened(ANN) as uow:
        uow.sizes.remove(ONE, "shf_a")
        uow.sizes.change([ListKey(ONE, "shf_a", 1)], 5)
        uow.record(created(ONE))
        await uow.commit(None)
    assert await stored(engines, *columns) == [(ONE, "shf_b", 0, 4), (OTHER, "shf_c", 0, 4)]


@pytest.mark.usefixtures("maybe_told")
@pytest.mark.parametrize(("places", "revision"), [((), None), ((ONE,), 1), ((ONE, OTHER), None)])
async def test_a_key_remembers_the_outcome_of_its_commit(
    opened: SqlUowFactory, places: tuple[str, ...], revision: int | None
) -> None:
    keyed = replace(ANN, idempotency=IdempotencyKey(key="it's", fingerprint="f"))
    async with opened(keyed) as uow:
        for place in places:
            uow.record(created(place))
        assert (await uow.commit("bok_1")).revision == revision
    with pytest.raises(Replayed) as replay:
        await commit(opened, created(ONE), actor=keyed)
    assert (replay.value.subject_id, replay.value.revision) == ("bok_1", revision)


@pytest.mark.usefixtures("maybe_told")
async def test_a_run_that_a_commit_starts_has_its_revision(engines: Engines, opened: SqlUowFactory) -> None:
    await store(engines.write, UserFactory(id=ANN.user_id), WorkspaceFactory(id=ONE))
    await commit(opened, created(ONE))
    keyed = replace(ANN, idempotency=IdempotencyKey(key="k", fingerprint="f"))
    async with opened(keyed) as uow:
        run_id = uow.begin_batch(CHANGE_SET_UNDO, workspace_id=ONE, subject_id="shf_1")
        written = await uow.commit(run_id)
    assert written.revision == 2
    assert await stored(engines, BatchRunRow.id, BatchRunRow.change_set) == [(run_id, 2)]
    with pytest.raises(Replayed) as replay:
        await commit(opened, actor=keyed)
    assert (replay.value.subject_id, replay.value.revision) == (run_id, 2)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"], ids=["NUL", "surrogate"])
async def test_a_text_that_cannot_be_stored_is_invalid_input_and_leaves_nothing(
    engines: Engines, opened: SqlUowFactory, value: str
) -> None:
    with pytest.raises(InvalidInput):
        await commit(opened, created(ONE), created(ONE, title=FieldChange(after=value)))
    assert await counters(engines) == {}
    uow = await commit(opened, BookUpdated(workspace_id=ONE, subject_id="bok_1"))
    assert uow.committed is not None
    assert uow.committed.revisions == {ONE: 1}


async def test_a_commit_that_the_database_refuses_leaves_nothing(database: str) -> None:
    async with open_engines(database, defaults.engine(pool_size=1)) as engines:
        opened = factory_of(engines)

        async def refused() -> None:
            async with opened(ANN) as uow:
                uow.record(created(ONE))
                uow.sizes.change([ListKey(ONE, "shf_a", 0)], 2**31)
                await uow.commit(None)

        with pytest.raises(InvalidInput):
            await refused()
        assert await counters(engines) == {}
        assert await stored(engines, EventRow.workspace_id, EventRow.revision) == []
        await commit(opened, created(ONE))
        assert await counters(engines) == {ONE: 1}
