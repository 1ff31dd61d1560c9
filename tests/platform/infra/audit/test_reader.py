import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.audit.model import LoggedChange, LoggedEvent, LogSpan
from domain.shared.actor import Actor, Cause
from domain.shared.events import FieldChange, plain
from tests.event_log import KINDS, SYSTEM, EventLog, open_event_log, revisions
from tests.sample.domain.events import BookCreated, BookUpdated


@pytest.fixture
async def log(database: str, redis_url: str) -> AsyncIterator[EventLog]:
    async with open_event_log(database, redis_url) as log:
        yield log


async def test_an_event_is_read_as_it_was_recorded_with_its_values_as_text(log: EventLog) -> None:
    workspace, book, shelf, user = (log.ids.new(prefix) for prefix in ("wsp", "bok", "shf", "usr"))
    recorded = BookUpdated(
        workspace_id=workspace,
        subject_id=book,
        area_id=shelf,
        changes={
            "title": FieldChange(before="ä\n{}", after="b"),
            "tags": FieldChange(before=plain({"tag_2", "tag_1"}), after=plain(())),
            "pages": FieldChange(before=None, after=3),
            "due_on": FieldChange(before=plain(date(2026, 2, 1)), after=None),
            "is_pinned": FieldChange(before=True, after=False),
        },
    )
    before = datetime.now(UTC)
    await log.write(recorded, actor=Actor(user_id=user, cause=Cause.IMPORT))

    (event,) = await log.reader.of_workspace(workspace, after=0, most=10)

    assert before <= event.occurred_at <= datetime.now(UTC)
    changes = {change.field: change for change in event.changes}
    assert changes == {
        "title": LoggedChange(field="title", before=("ä\n{}",), after=("b",)),
        "tags": LoggedChange(field="tags", before=("tag_1", "tag_2"), after=()),
        "pages": LoggedChange(field="pages", before=None, after=("3",)),
        "due_on": LoggedChange(field="due_on", before=("2026-02-01",), after=None),
        "is_pinned": LoggedChange(field="is_pinned", before=("true",), after=("false",)),
    }
    assert event == LoggedEvent(
        workspace_id=workspace,
        revision=1,
        change_set=1,
        kind=KINDS["BOOK_UPDATED"],
        subject_id=book,
        area_id=shelf,
        actor_id=user,
        cause=Cause.IMPORT,
        changes=event.changes,
        occurred_at=event.occurred_at,
    )


async def test_events_come_in_order_from_one_workspace_and_no_more_than_asked_for(log: EventLog) -> None:
    mine, other = log.new_workspace(), log.new_workspace()
    for _ in range(3):
        await log.record(other)
        await log.record(mine, 2)

    assert revisions(list(await log.reader.of_workspace(mine, after=0, most=100))) == [1, 2, 3, 4, 5, 6]
    assert revisions(list(await log.reader.of_workspace(mine, after=2, most=3))) == [3, 4, 5]
    assert await log.reader.of_workspace(mine, after=6, most=3) == []
    assert (await log.reader.span(mine)).last == 6
    assert (await log.reader.span(other)).last == 3
    assert (await log.reader.span(log.new_workspace())) == LogSpan(first=1, last=0)


async def test_a_change_set_is_the_last_revision_of_its_commit_or_the_one_that_a_job_goes_on_with(
    log: EventLog,
) -> None:
    workspace = log.new_workspace()
    await log.record(workspace, 3)
    await log.record(workspace, 2)
    await log.record(workspace, 1, actor=replace(SYSTEM, change_set=3))
    events = await log.reader.of_workspace(workspace, after=0, most=10)
    assert [event.change_set for event in events] == [3, 3, 3, 5, 5, 3]


async def test_one_commit_is_in_the_logs_of_several_workspaces(log: EventLog) -> None:
    mine, other = log.new_workspace(), log.new_workspace()
    await log.record(other, 3)

    def events(*workspaces: str) -> list[BookCreated]:
        return [BookCreated(workspace_id=each, subject_id=log.ids.new("bok")) for each in workspaces]

    written = await log.write_everywhere(*events(mine, other, mine))
    assert written == {mine: 2, other: 4}
    # Whichever comes first in a commit: all lock the counters in one order, so none waits for another in a circle.
    orders = [(mine, other), (other, mine)] * 20
    told = await asyncio.gather(*(log.write_everywhere(*events(*order)) for order in orders))
    assert sorted(each[mine] for each in told) == list(range(3, 43))
    assert sorted(each[other] for each in told) == list(range(5, 45))
    assert revisions(list(await log.reader.of_workspace(mine, after=0, most=100))) == list(range(1, 43))


async def test_a_kind_that_this_release_does_not_know_is_read_as_unknown(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, book = log.new_workspace(), log.ids.new("bok")
    event = BookUpdated(workspace_id=workspace, subject_id=book)
    monkeypatch.setattr(BookUpdated, "type", "book.teleported")
    await log.write(event)
    assert [event.kind for event in await log.reader.of_workspace(workspace, after=0, most=2)] == [KINDS["UNKNOWN"]]


async def test_a_long_text_is_stored_apart_and_read_on_request(log: EventLog) -> None:
    workspace, book = log.new_workspace(), log.ids.new("bok")
    texts = {"title": FieldChange(before="a", after="b" * 5000), "description": FieldChange(before="c" * 4096)}
    one = BookUpdated(workspace_id=workspace, subject_id=book, changes=texts)
    both = {"description": FieldChange(before="d" * 4097, after="e" * 9000)}
    await log.write(one, replace(one, changes=both))
    await log.record(workspace, 150)  # COPY
    await log.write(*[replace(one, changes=both) for _ in range(100)])

    events = await log.reader.of_workspace(workspace, after=0, most=1000)
    assert [event.text_length for event in events] == [5000, 13_097, *[0] * 150, *[13_097] * 100]
    assert events[0].changes[0] == LoggedChange(field="title", before=("a",), after=None)

    whole = await log.reader.with_texts([events[1], events[0], events[5], events[-1]])
    described = LoggedChange(field="description", before=("d" * 4097,), after=("e" * 9000,))
    assert [event.changes for event in whole] == [
        (described,),
        (
            LoggedChange(field="title", before=("a",), after=("b" * 5000,)),
            LoggedChange(field="description", before=("c" * 4096,), after=None),
        ),
        (),
        (described,),
    ]
