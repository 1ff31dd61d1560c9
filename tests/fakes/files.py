import gzip
from collections.abc import AsyncIterator, Iterator

from domain.shared.errors import LimitExceeded, NotFound

CHUNK = 16 * 1024


class MemoryFile:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)
        self.bytes_read = 0
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        self.bytes_read = self.size
        content = gzip.decompress(self._content) if self._content.startswith(b"\x1f\x8b") else self._content
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    def close(self) -> None:
        self.is_closed = True


class MemoryFileStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > most_bytes:
                raise LimitExceeded(f"A file can have at most {most_bytes} bytes.", path=("file",))
        self.files[file_id] = content
        return len(content)

    def open(self, file_id: str) -> MemoryFile:
        if file_id not in self.files:
            raise NotFound("The file no longer exists. Upload it again.", path=("file_id",))
        return MemoryFile(self.files[file_id])

    async def delete(self, file_id: str) -> None:
        self.files.pop(file_id, None)
