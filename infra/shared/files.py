"""File store in a folder of this machine."""

import asyncio
import gzip
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from io import BufferedReader
from pathlib import Path

from domain.shared.errors import LimitExceeded, NotFound
from domain.shared.files import BrokenFile, FileTooLarge
from domain.shared.ids import is_id, prefix_of
from infra.shared.disk import unfinished_file

GZIP = b"\x1f\x8b"
MOST_UNPACKED = 8 * 1024**3  # bytes
MOST_RATIO = 200  # largest ratio of unpacked to packed bytes; JSON of trackers has 5 to 30
TOO_DENSE = f"The file decompresses to more than {MOST_RATIO} times its size, far more than any real export."
FREE_OF_RATIO = 10_000_000  # unpacked bytes of any ratio
CHUNK = 16 * 1024  # bytes; processing a chunk blocks the event loop


class DiskFile:
    """A stored file opened for one read."""

    def __init__(self, file: BufferedReader, *, most_unpacked: int) -> None:
        self._file = file
        self._most_unpacked = most_unpacked
        self.size = os.fstat(file.fileno()).st_size

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def __iter__(self) -> Iterator[bytes]:
        if self._file.peek(len(GZIP))[: len(GZIP)] == GZIP:
            yield from self._unpacked()
        else:
            while chunk := self._file.read(CHUNK):
                yield chunk

    def close(self) -> None:
        self._file.close()

    def _unpacked(self) -> Iterator[bytes]:
        size = 0
        with gzip.open(self._file) as content:
            try:
                while chunk := content.read1(CHUNK):
                    size += len(chunk)
                    self._check(size)
                    yield chunk
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BrokenFile("the gzip data is damaged") from error

    def _check(self, size: int) -> None:
        if size > self._most_unpacked:
            raise FileTooLarge(f"The file decompresses to more than {self._most_unpacked:,} bytes.")
        if size > FREE_OF_RATIO and size > MOST_RATIO * self._file.tell():
            raise FileTooLarge(TOO_DENSE)


class DiskFileStore:
    """One file per ID, readable by its owner only, and complete or absent."""

    def __init__(self, folder: Path, *, most_unpacked: int = MOST_UNPACKED) -> None:
        self._folder = folder
        self._most_unpacked = most_unpacked

    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        path = self._path(file_id)
        size = 0
        with unfinished_file(self._folder) as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > most_bytes:
                    raise LimitExceeded(f"A file can have at most {most_bytes} bytes.", path=("file",))
                await asyncio.to_thread(file.write, chunk)
            file.flush()
            await asyncio.to_thread(Path(file.name).replace, path)
        return size

    def open(self, file_id: str) -> DiskFile:
        try:
            file = self._path(file_id).open("rb")
        except FileNotFoundError:
            raise NotFound("The file no longer exists. Upload it again.", path=("file_id",)) from None
        return DiskFile(file, most_unpacked=self._most_unpacked)

    async def delete(self, file_id: str) -> None:
        await asyncio.to_thread(self._path(file_id).unlink, missing_ok=True)

    def _path(self, file_id: str) -> Path:
        # A valid ID has no separators or dots, so that no path leads out of the folder.
        if not is_id(file_id, prefix_of(file_id)):
            raise NotFound("This file does not exist.", path=("file_id",))
        return self._folder / file_id
