"""Port: uploaded and produced files."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from domain.shared.errors import ErrorCode, InvalidInput


class BrokenFile(InvalidInput):
    """The rest of a file cannot be read, because it is packed wrongly."""


class FileTooLarge(InvalidInput):
    """The content is, or unpacks to, more than may be read."""

    code = ErrorCode.LIMIT_EXCEEDED


class StoredFile(Protocol):
    """A file that is read once, from its beginning to its end."""

    @property
    def size(self) -> int:
        """Bytes as stored, before they are unpacked."""
        ...

    @property
    def bytes_read(self) -> int:
        """How many of these bytes have been read."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """The content in chunks of at most 16 KB, unpacked if it is gzip; raises BrokenFile, FileTooLarge."""
        ...

    def close(self) -> None:
        """Ends the reading; called by everyone who opens a file."""
        ...


class FileStore(Protocol):
    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        """Stores the content and returns its size; keeps nothing if it raises.

        Raises LimitExceeded if the content is larger, and StorageFull.
        """
        ...

    def open(self, file_id: str) -> StoredFile:
        """The file, to be read; raises NotFound."""
        ...

    async def delete(self, file_id: str) -> None:
        """Removes the content; does nothing if there is none."""
        ...
