import fcntl
import json
import os
from pathlib import Path
from typing import Self

from infra.operator_error import OperatorError


class FolderInUse(OperatorError):
    """Another process holds the lock; `holder` is what it wrote about itself."""

    def __init__(self, path: Path, holder: dict[str, str]) -> None:
        self.holder = holder
        super().__init__(
            f"{path.parent} is in use by process {holder.get('pid', 'of unknown id')}. "
            "Stop that one, or set WORKGRAPH_DATA_DIR to another folder."
        )


class FolderLock:
    """A lock that one process at a time can hold; the kernel releases it when that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise FolderInUse(self._path, _read(self._path)) from error
        self._descriptor = descriptor
        os.register_at_fork(after_in_child=self._abandon)
        self.announce()
        return self

    def announce(self, **facts: str) -> None:
        """Tells others what holds the lock."""
        text = json.dumps({"pid": str(os.getpid())} | facts).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def _abandon(self) -> None:
        # A forked child would share the lock, and keep it after its parent has ended.
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __exit__(self, *exc_info: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1


def holder_of(path: Path) -> dict[str, str] | None:
    """Facts that the holder of the lock announced; None if no process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    else:
        return None
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads(path.read_text()).items()}
    except (OSError, ValueError):
        return {}
