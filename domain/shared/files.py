"""Port: uploaded and produced files."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from domain.shared.errors import InvalidInput


class BrokenFile(InvalidInput):
    """The rest of a file cannot be read: packed wrongly, or unpacking to too much."""


class FileStore(Protocol):
    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        """Stores the content and returns its size; raises LimitExceeded, keeping nothing, if it is larger."""
        ...

    def lines(self, file_id: str) -> Iterator[bytes]:
        """The content line by line, unpacked if it is gzip, over-long lines cut; raises NotFound, BrokenFile."""
        ...

    async def delete(self, file_id: str) -> None:
        """Removes the content; does nothing if there is none."""
        ...
