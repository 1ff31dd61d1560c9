import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from domain.audit.model import ChangeBatch
from domain.audit.policies import EventVisibility
from domain.audit.service import MOST_EVENTS, AuditService
from domain.shared.actor import Actor, Role
from domain.shared.errors import ErrorCode, InvalidInput, NotFound
from domain.shared.events import FieldChange
from domain.workspaces.model import Workspace, WorkspaceId
from tests.event_log import SLICES, EventLog, open_event_log, revisions, take
from tests.patience import PATIENCE
from tests.sample.domain.events import BookUpdated


@pytest.fixture
async def log(database: str, redis_url: str) -> AsyncIterator[EventLog]:
    async with open_event_log(database, redis_url) as log:
        yield log


@pytest.fixture
async def service(log: EventLog) -> AsyncIterator[AuditService]:
    async with log.stream() as stream:
        yield AuditService(log.reader, stream, EventVisibility.of(SLICES))


def member(log: EventLog, workspace_id: str, role: Role = Role.MEMBER) -> Actor:
    return Actor(user_id=log.ids.new("usr"), roles={workspace_id: role})


def workspace_of(workspace_id: str) -> Workspace:
    now = datetime.now(UTC)
    return Workspace(id=WorkspaceId(workspace_id), slug="acme", name="Acme", created_at=now, updated_at=now)


async def changes(service: AuditService, actor: Actor, workspace_id: str, *, after: int, first: int) -> ChangeBatch:
    (batch,) = await service.changes_of_workspaces(actor, [workspace_of(workspace_id)], after=after, first=first)
    return batch


def always(actor: Actor) -> Callable[[], Actor]:
    return lambda: actor


async def test_changes_are_read_in_parts_until_there_are_no_more(log: EventLog, service: AuditService) -> None:
    workspace = log.new_workspace()
    actor = member(log, workspace)
    await log.record(workspace, 5)
    seen, up_to, has_more = [], 0, True
    while has_more:
        batch = await changes(service, actor, workspace, after=up_to, first=2)
        seen.append((revisions(list(batch.events)), batch.up_to, batch.has_more))
        up_to, has_more = batch.up_to, batch.has_more
    assert seen == [([1, 2], 2, True), ([3, 4], 4, True), ([5], 5, False)]

    at_the_end = await changes(service, actor, workspace, after=5, first=2)
    assert (at_the_end.events, at_the_end.up_to, at_the_end.has_more) == ([], 5, False)


async def test_a_batch_ends_before_its_long_texts_are_too_many(
    log: EventLog, service: AuditService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.audit.service.MOST_TEXT", 10_000)
    workspace = log.new_workspace()
    actor = member(log, workspace)
    for length in (5000, 5000, 1, 12_000, 5000):
        text = FieldChange(after="x" * length)
        await log.write(BookUpdated(workspace_id=workspace, subject_id="bok_1", changes={"description": text}))
    lengths = []
    up_to, has_more = 0, True
    while has_more:
        batch = await changes(service, actor, workspace, after=up_to, first=100)
        lengths.append([len((event.changes[0].after or ("",))[0]) for event in batch.events])
        up_to, has_more = batch.up_to, batch.has_more
    assert lengths == [[5000, 5000, 1], [12_000], [5000]]

    followed = []
    async with aclosing(service.follow(always(actor), workspace, after=0)) as batches:
        while sum(map(len, followed)) < 5:
            batch = await anext(batches)
            followed.append([len((event.changes[0].after or ("",))[0]) for event in batch.events])
            assert batch.up_to == batch.events[-1].revision
    assert followed == lengths


async def test_changes_of_several_workspaces_are_read_together(log: EventLog, service: AuditService) -> None:
    few, many, none = (log.new_workspace() for _ in range(3))
    await log.record(many, 5)
    await log.record(few, 1)
    actor = Actor(user_id=log.ids.new("usr"), roles=dict.fromkeys((few, many, none), Role.MEMBER))
    workspaces = [workspace_of(workspace_id) for workspace_id in (few, none, many, few)]
    batches = await service.changes_of_workspaces(actor, workspaces, after=0, first=2)
    assert [(revisions(list(batch.events)), batch.up_to, batch.has_more) for batch in batches] == [
        ([1], 1, False),
        ([], 0, False),
        ([1, 2], 2, True),
        ([1], 1, False),
    ]
    assert [{event.workspace_id for event in batch.events} for batch in batches] == [{few}, set(), {many}, {few}]
    with pytest.raises(InvalidInput):
        await service.changes_of_workspaces(actor, workspaces, after=1, first=2)


@pytest.mark.parametrize("after", [-1, 6, 2**53, 2**70])
async def test_a_revision_that_was_never_given_is_refused(log: EventLog, service: AuditService, after: int) -> None:
    workspace = log.new_workspace()
    actor = member(log, workspace)
    await log.record(workspace, 5)
    with pytest.raises(InvalidInput) as read:
        await changes(service, actor, workspace, after=after, first=10)
    with pytest.raises(InvalidInput) as followed:
        await anext(service.follow(always(actor), workspace, after=after))
    for refusal in (read, followed):
        assert (refusal.value.path, refusal.value.failure) == (("after",), ErrorCode.OUT_OF_RANGE)


@pytest.mark.parametrize("first", [-1, 0, MOST_EVENTS + 1])
async def test_a_part_has_its_limits(log: EventLog, service: AuditService, first: int) -> None:
    workspace = log.new_workspace()
    with pytest.raises(InvalidInput) as refusal:
        await changes(service, member(log, workspace), workspace, after=0, first=first)
    assert (refusal.value.path, refusal.value.failure) == (("first",), ErrorCode.OUT_OF_RANGE)


async def test_the_log_is_hidden_from_users_outside_the_workspace(log: EventLog, service: AuditService) -> None:
    workspace, elsewhere = log.new_workspace(), log.new_workspace()
    await log.record(workspace)
    for actor in (Actor(), member(log, elsewhere, Role.OWNER)):
        with pytest.raises(NotFound):
            await changes(service, actor, workspace, after=0, first=10)
        with pytest.raises(NotFound):
            await anext(service.follow(always(actor), workspace, after=0))
    with pytest.raises(NotFound):
        await changes(service, Actor(), log.new_workspace(), after=9, first=10)


async def test_following_replays_and_then_goes_on_without_empty_batches(log: EventLog, service: AuditService) -> None:
    workspace = log.new_workspace()
    await log.record(workspace, 3)
    async with aclosing(service.follow(always(member(log, workspace)), workspace, after=1)) as batches:
        assert revisions(await take(batches, up_to=3)) == [2, 3]
        pending = asyncio.ensure_future(anext(batches))
        _, waiting = await asyncio.wait([pending], timeout=1.5)
        assert waiting == {pending}
        await log.announce(workspace, await log.record(workspace))
        batch = await pending
        assert (revisions(list(batch.events)), batch.up_to) == ([4], 4)


async def test_following_from_now_on_replays_nothing(log: EventLog, service: AuditService) -> None:
    workspace = log.new_workspace()
    await log.record(workspace, 3)
    async with aclosing(service.follow(always(member(log, workspace)), workspace, after=None)) as batches:
        pending = asyncio.ensure_future(anext(batches))
        _, waiting = await asyncio.wait([pending], timeout=0.2)
        assert waiting == {pending}
        await log.announce(workspace, await log.record(workspace, 2))
        assert revisions(list((await pending).events)) == [4, 5]


async def test_following_ends_with_the_membership_even_when_nothing_happens(
    log: EventLog, service: AuditService
) -> None:
    workspace = log.new_workspace()
    await log.record(workspace)
    present = member(log, workspace)
    actors = [present]
    async with aclosing(service.follow(lambda: actors[-1], workspace, after=0)) as batches:
        assert revisions(await take(batches, up_to=1)) == [1]
        actors.append(Actor(user_id=present.user_id))
        with pytest.raises(NotFound):
            async with asyncio.timeout(PATIENCE):
                await anext(batches)


async def test_events_after_the_membership_are_hidden(log: EventLog, service: AuditService) -> None:
    workspace = log.new_workspace()
    await log.record(workspace)
    actors = [member(log, workspace)]
    async with aclosing(service.follow(lambda: actors[-1], workspace, after=0)) as batches:
        assert revisions(await take(batches, up_to=1)) == [1]
        actors.append(Actor())
        await log.announce(workspace, await log.record(workspace))
        with pytest.raises(NotFound):
            async with asyncio.timeout(PATIENCE):
                await anext(batches)
