"""Turns of the event loop are counted, not timed: the clock here moves by what the test says."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from domain.shared.files import BrokenFile, FileTooLarge
from domain.transfers import stream
from domain.transfers.errors import WrongKind
from domain.transfers.records import Loss, LossCode, breaks_off
from domain.transfers.stream import TURN_PARTS, RecordStream
from infra.transfers.items import Item
from infra.transfers.jira.issues import read_jira
from tests.fakes.files import MemoryFile


class Loop:
    """Counts the turns that other tasks get."""

    def __init__(self) -> None:
        self.turns = 0

    async def count(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


class Clock:
    def __init__(self, step: float) -> None:
        self._now = 0.0
        self._step = step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


def lost(line: int) -> Loss:
    return Loss(line=line, key=None, field="issue", code=LossCode.UNREADABLE, reason="The text is not valid JSON.")


async def turns_during(items: Iterator[Item | None], *, step: float = 0.0) -> tuple[int, list[Item]]:
    """Turns that another task gets, and the items."""
    loop = Loop()
    counting = asyncio.create_task(loop.count())
    found: list[Item] = []
    async with aclosing(RecordStream(items, MemoryFile(b""), now=Clock(step)).batches()) as batches:
        async for taken in batches:
            found += taken.items
    counting.cancel()
    return loop.turns, found


async def test_there_is_a_turn_after_each_item() -> None:
    turns, found = await turns_during(lost(line) for line in range(1, 101))
    assert len(found) == 100
    assert turns >= 100


async def test_there_is_a_turn_after_some_parts_without_an_item() -> None:
    turns, found = await turns_during(None for _ in range(100 * TURN_PARTS))
    assert found == []
    assert 100 <= turns <= 110


async def test_there_is_a_turn_every_ten_milliseconds() -> None:
    turns, _ = await turns_during((None for _ in range(100)), step=0.011)
    assert turns >= 100
    turns, _ = await turns_during((None for _ in range(100)), step=0.006)
    assert 50 <= turns <= 60


@pytest.mark.parametrize(
    ("content", "skip"),
    [
        (b"\n" * 2_000_000 + b'{"key": "A-1", "fields": {}}', 0),
        (b'{"key": "A-1", "fields": {}}' + b" " * 2_000_000, 1),
        (
            b'{"key": "A-1", "fields": {"x": "' + b"x" * 80 + b'"}}\n' * 20_000,
            20_000,
        ),  # what an earlier attempt has imported
        (b'{"key": "A-1", "fields": {"x": "' + b"x" * 2_000_000 + b'"}}', 0),
        (b"[" + b"\n" * 2_000_000 + b"]", 0),
        (b'{"names": [' + b'"xxxx' + b"x" * 1_000_000 + b'", "' + b"x" * 1_000_000 + b'"], "issues": []}', 0),
        (b'{"issues": [], "names": [' + b"1," * 100_000 + b'1], "x": "' + b"x" * 1_800_000 + b'"}', 0),
        (b"[" + b'{"key": "A-1", "fields": {"x": "' + b"x" * 80 + b'"}},' * 20_000 + b"1]", 20_000),
        (b'[{"key": "' + b"x" * 2_000_000 + b'"}]', 0),
        (b"\xff\xfe" + b"\n\0" * 1_000_000, 0),
    ],
)
async def test_no_two_megabytes_pass_without_turns(content: bytes, skip: int) -> None:
    file = MemoryFile(content)
    loop = Loop()
    counting = asyncio.create_task(loop.count())
    try:
        async with aclosing(RecordStream(read_jira(file, skip=skip), file, now=Clock(0)).batches()) as batches:
            async for taken in batches:
                assert taken.bytes_read == len(content)
    except WrongKind:
        assert not content.strip(b"\xff\xfe\n\0")
    counting.cancel()
    assert loop.turns >= len(content) // (TURN_PARTS * 16 * 1024) - 2


async def broken_after(items: list[Item], error: Exception) -> tuple[list[Item], Exception | None]:
    def read() -> Iterator[Item]:
        yield from items
        raise error

    found: list[Item] = []
    try:
        async with aclosing(RecordStream(read(), MemoryFile(b"")).batches()) as batches:
            async for taken in batches:
                found += taken.items
    except (WrongKind, FileTooLarge) as raised:
        return found, raised
    return found, None


async def test_issues_read_before_a_limit_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_RECORDS", 2)
    items: list[Item] = [lost(line) for line in range(1, 6)]
    for count in (0, 1, 2, 5):
        found, raised = await broken_after(items[:count], FileTooLarge("Too large."))
        assert found == items[:count]
        assert isinstance(raised, FileTooLarge)


async def test_a_file_that_breaks_off_says_so_last() -> None:
    found, raised = await broken_after([lost(1), lost(2)], BrokenFile("the gzip data is damaged"))
    assert raised is None
    assert found[2:] == [breaks_off(3, "the gzip data is damaged.")]


async def test_a_file_that_breaks_off_at_once_is_refused() -> None:
    found, raised = await broken_after([], BrokenFile("the gzip data is damaged"))
    assert (found, type(raised)) == ([], WrongKind)
