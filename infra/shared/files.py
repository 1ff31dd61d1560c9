"""Files in a folder of this machine."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator
from io import BufferedReader
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from domain.shared.errors import LimitExceeded, NotFound
from domain.shared.files import BrokenFile
from domain.shared.ids import is_id, prefix_of

GZIP = b"\x1f\x8b"
LONGEST_LINE = 64 * 1024 * 1024  # bytes; the rest of a longer line is left out
MOST_UNPACKED = 8 * 1024**3  # bytes
_READ = 1024 * 1024


class DiskFileStore:
    """One file per id, readable by its owner alone, there as a whole or not at all."""

    def __init__(self, folder: Path, *, longest_line: int = LONGEST_LINE, most_unpacked: int = MOST_UNPACKED) -> None:
        self._folder = folder
        self._longest_line = longest_line
        self._most_unpacked = most_unpacked

    async def save(self, file_id: str, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        path = self._path(file_id)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = 0
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            part = Path(file.name)
            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > most_bytes:
                        raise LimitExceeded(f"A file may have at most {most_bytes} bytes.", path=("file",))
                    await asyncio.to_thread(file.write, chunk)
                file.flush()
                await asyncio.to_thread(part.replace, path)
            except BaseException:
                part.unlink(missing_ok=True)  # noqa: ASYNC240  a cancelled task must not wait for a thread
                raise
        return size

    def lines(self, file_id: str) -> Iterator[bytes]:
        try:
            file = self._path(file_id).open("rb")
        except FileNotFoundError:
            raise NotFound("The file is not there any more. Upload it again.", path=("file_id",)) from None
        return self._lines(file)

    async def delete(self, file_id: str) -> None:
        await asyncio.to_thread(self._path(file_id).unlink, missing_ok=True)

    def _lines(self, file: BufferedReader) -> Iterator[bytes]:
        with file, _unpacked(file) as content:
            room = self._most_unpacked
            try:
                while line := content.readline(self._longest_line):
                    rest = line
                    while not rest.endswith(b"\n") and (rest := content.readline(_READ)):
                        room -= len(rest)
                    room -= len(line)
                    if room < 0:
                        raise BrokenFile(f"it unpacks to more than {self._most_unpacked} bytes")
                    yield line
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BrokenFile("it is not packed as gzip should be") from error

    def _path(self, file_id: str) -> Path:
        # A well-formed id has no separators and no dots, so that no path leads out of the folder.
        if not is_id(file_id, prefix_of(file_id)):
            raise NotFound("There is no such file.", path=("file_id",))
        return self._folder / file_id


def _unpacked(file: BufferedReader) -> IO[bytes]:
    return gzip.open(file) if file.peek(len(GZIP))[: len(GZIP)] == GZIP else file  # type: ignore[return-value]  # a GzipFile is a binary stream
