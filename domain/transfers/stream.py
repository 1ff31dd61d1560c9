"""A file's records, batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Iterator

from domain.shared.files import BrokenFile
from domain.transfers.records import IssueRecord, Loss, LossCode

MOST_RECORDS = 400
MOST_CHARACTERS = 4_000_000

Item = IssueRecord | Loss


class RecordStream:
    """Takes turns with the event loop after each record.

    A thread would be slower: it would fight with the loop for the interpreter each time the database answers.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._line = 0

    async def batches(self) -> AsyncGenerator[list[Item], None]:
        """All batches; the next one is read while the database is busy with the last."""
        reading = asyncio.create_task(self._take())
        try:
            while batch := await reading:
                reading = asyncio.create_task(self._take())
                yield batch
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _take(self) -> list[Item]:
        """The next batch, empty at the end of the file; a file that breaks off says so in its last item."""
        batch: list[Item] = []
        size = 0
        try:
            for item in self._items:
                await asyncio.sleep(0)
                self._line = item.line
                batch.append(item)
                size += _size(item)
                if len(batch) >= MOST_RECORDS or size >= MOST_CHARACTERS:
                    break
        except BrokenFile as error:
            self._items = iter(())
            reason = f"The file breaks off here: {error.message}."
            batch.append(Loss(line=self._line + 1, key=None, field="file", code=LossCode.INCOMPLETE, reason=reason))
        return batch


def _size(item: Item) -> int:
    if isinstance(item, Loss):
        return 0
    return len(item.description) + sum(len(comment.body) for comment in item.comments)
