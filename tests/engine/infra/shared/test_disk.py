import errno
from pathlib import Path

import pytest

from domain.shared.errors import StorageFull, Unavailable
from infra.db.engine import meaning_of_state
from infra.shared.disk import is_full, storage_errors, unfinished_file
from tests.full_disk import no_room_beyond


def test_a_full_device_is_distinguished_from_other_errors():
    with pytest.raises(StorageFull), storage_errors(), Path("/dev/full").open("wb") as device:
        device.write(b"x")
    with pytest.raises(FileNotFoundError), storage_errors():
        Path("/nowhere/at/all").read_bytes()


@pytest.mark.parametrize(("number", "expected"), [(errno.EDQUOT, True), (errno.EFBIG, True), (errno.EACCES, False)])
def test_quotas_and_limits_count_as_full(number: int, expected: bool):
    assert is_full(OSError(number, "x")) is expected


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_file_that_does_not_fit_is_gone(tmp_path: Path, size: int):
    with no_room_beyond(5), pytest.raises(StorageFull), unfinished_file(tmp_path / "files") as file:
        file.write(b"x" * size)  # a small one fails only when its buffer is flushed
    assert list((tmp_path / "files").iterdir()) == []


def test_a_file_is_gone_after_any_other_error(tmp_path: Path):
    with pytest.raises(TypeError), unfinished_file(tmp_path) as file:
        file.write("not bytes")  # type: ignore[call-overload]  # that is the mistake
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_space_says_so():
    full, away = meaning_of_state("53100"), meaning_of_state("53300")
    assert (type(full), type(away)) == (StorageFull, Unavailable)
    assert "database has no space" in str(full)
