"""Atomic writing of files, which are complete or absent even if the disk is full."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from domain.shared.errors import StorageFull

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_SPACE = "The server has no space left to store files. Retry later."


def is_full(error: OSError) -> bool:
    """Whether a disk, a quota or a file size limit is exhausted."""
    return error.errno in _FULL


@contextmanager
def storage_errors() -> Iterator[None]:
    """Converts errors of a full disk to StorageFull."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull(NO_SPACE) from error
        raise


@contextmanager
def unfinished_file(folder: Path) -> Iterator[IO[bytes]]:
    """A new hidden file in the folder, readable by its owner only, for the caller to write and rename.

    An error in the block removes the file. Raises StorageFull.
    """
    with storage_errors():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = NamedTemporaryFile(dir=folder, prefix=".", delete=False)  # noqa: SIM115  closed below
        try:
            with file:
                yield file
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
