"""Port: uploaded and produced files."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from domain.shared.errors import ErrorCode, InvalidInput


class BrokenFile(InvalidInput):
    """The rest of a file cannot be read because its gzip data is damaged."""


class FileTooLarge(InvalidInput):
    """The content, packed or unpacked, is larger than the limit."""

    code = ErrorCode.LIMIT_EXCEEDED


class StoredFile(Protocol):
    """A file that is read once, from start to end."""

    @property
    def size(self) -> int:
        """Bytes as stored, before they are unpacked."""
        ...

    @property
    def bytes_read(self) -> int:
        """Number of stored bytes read so far."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """The content in chunks of at most 16 KB, unpacked if it is gzip; raises BrokenFile, FileTooLarge."""
        ...

    def close(self) -> None:
        """Releases the file. Every caller that opens a file must close it."""
        ...


class FileStore(Protocol):
    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        """Stores the content and returns its size in bytes. An error leaves no file behind.

        Raises LimitExceeded if the content is larger, and StorageFull.
        """
        ...

    def open(self, file_id: str) -> StoredFile:
        """Opens the file for reading; raises NotFound."""
        ...

    async def delete(self, file_id: str) -> None:
        """Removes the content; does nothing if it does not exist."""
        ...
