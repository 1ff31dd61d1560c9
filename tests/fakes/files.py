import gzip
from collections.abc import AsyncIterator, Iterator

from domain.shared.errors import LimitExceeded, NotFound


class MemoryFileStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > most_bytes:
                raise LimitExceeded(f"A file may have at most {most_bytes} bytes.", path=("file",))
        self.files[file_id] = content
        return len(content)

    def lines(self, file_id: str) -> Iterator[bytes]:
        if file_id not in self.files:
            raise NotFound("The file is not there any more. Upload it again.", path=("file_id",))
        content = self.files[file_id]
        unpacked = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        return iter(unpacked.splitlines(keepends=True))

    async def delete(self, file_id: str) -> None:
        self.files.pop(file_id, None)
