"""A file's records, batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from domain.shared.errors import DomainError
from domain.shared.files import BrokenFile, StoredFile
from domain.transfers.errors import ACCEPTED, WrongKind
from domain.transfers.records import Item, Loss, breaks_off

MOST_RECORDS = 400
MOST_CHARACTERS = 4_000_000
TURN_SECONDS = 0.01
TURN_PARTS = 8  # parts of the file without an item, of at most 16 KB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Items of a file, and the number of bytes read up to the last item."""

    items: list[Item]
    bytes_read: int


class RecordStream:
    """Reads in the event loop, and gives it a turn after each item, each 10 ms, and each 128 KB without an item.

    A thread would be slower: it would fight with the loop for the interpreter each time the database answers.
    """

    def __init__(
        self, items: Iterator[Item | None], file: StoredFile, *, now: Callable[[], float] | None = None
    ) -> None:
        self._items = items
        self._file = file
        self._now = now or asyncio.get_running_loop().time
        self._line = 0
        self._failure: DomainError | None = None
        self._turn_at = self._now()
        self._parts = 0

    async def batches(self) -> AsyncGenerator[Taken, None]:
        """All batches; the next one is read while the database is busy with the last."""
        reading = asyncio.create_task(self._take())
        try:
            while (taken := await reading).items:
                reading = asyncio.create_task(self._take())
                yield taken
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _take(self) -> Taken:
        """The next batch, empty at the end of the file.

        The last item of an incomplete file reports the loss. A fatal error is raised after all items that precede it.
        """
        if self._failure is not None:
            raise self._failure
        batch: list[Item] = []
        size = 0
        try:
            for item in self._items:
                await self._give_turn(is_item=item is not None)
                if item is None:
                    continue
                self._line = item.line
                batch.append(item)
                size += _size(item)
                if len(batch) >= MOST_RECORDS or size >= MOST_CHARACTERS:
                    break
        except BrokenFile as error:
            if not self._line:
                raise WrongKind(f"The file cannot be read: {error.message}. {ACCEPTED}") from error
            self._items = iter(())
            batch.append(breaks_off(self._line + 1, f"{error.message}."))
        except DomainError as error:
            if not batch:
                raise
            self._failure = error
        return Taken(items=batch, bytes_read=self._file.bytes_read)

    async def _give_turn(self, *, is_item: bool) -> None:
        self._parts += 1
        if is_item or self._parts >= TURN_PARTS or self._now() - self._turn_at >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_at = self._now()
            self._parts = 0


def _size(item: Item) -> int:
    if isinstance(item, Loss):
        return 0
    return len(item.description) + sum(len(comment.body) for comment in item.comments)
