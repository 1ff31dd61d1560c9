import gzip
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.shared.errors import LimitExceeded, NotFound, WrongId
from domain.shared.files import BrokenFile, FileStore
from infra.shared.files import DiskFileStore
from tests.factories.accounts import IDS
from tests.fakes.files import MemoryFileStore

CONTENT = b"one\ntwo\r\n\nthree"
LINES = [b"one\n", b"two\r\n", b"\n", b"three"]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def content_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, folder: Path) -> FileStore:
    return DiskFileStore(folder) if request.param == "disk" else MemoryFileStore()


@pytest.fixture
def file_id() -> str:
    return IDS.new("fil")


async def test_a_file_comes_back_line_by_line(store: FileStore, file_id: str):
    assert await store.save(file_id, chunks(CONTENT[:5], b"", CONTENT[5:]), most_bytes=len(CONTENT)) == len(CONTENT)
    assert list(store.lines(file_id)) == LINES
    assert list(store.lines(file_id)) == LINES


async def test_gzip_is_unpacked(store: FileStore, file_id: str):
    await store.save(file_id, chunks(gzip.compress(CONTENT)), most_bytes=1000)
    assert list(store.lines(file_id)) == LINES


async def test_an_empty_file_has_no_lines(store: FileStore, file_id: str):
    assert await store.save(file_id, chunks(), most_bytes=1) == 0
    assert list(store.lines(file_id)) == []


async def test_nothing_is_kept_of_a_file_that_is_too_large(store: FileStore, file_id: str):
    with pytest.raises(LimitExceeded):
        await store.save(file_id, chunks(b"12345", b"6"), most_bytes=5)
    with pytest.raises(NotFound):
        store.lines(file_id)


async def test_a_deleted_file_is_not_found(store: FileStore, file_id: str):
    await store.save(file_id, chunks(b"x"), most_bytes=1)
    await store.delete(file_id)
    await store.delete(file_id)
    with pytest.raises(NotFound):
        store.lines(file_id)


async def test_only_the_owner_can_read_what_is_stored(folder: Path, file_id: str):
    await DiskFileStore(folder).save(file_id, chunks(b"x"), most_bytes=1)
    assert mode_of(folder) == 0o700
    assert mode_of(folder / file_id) == 0o600


async def test_an_upload_that_breaks_off_leaves_nothing(folder: Path, file_id: str):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await DiskFileStore(folder).save(file_id, broken(), most_bytes=10)
    assert content_of(folder) == []


@pytest.mark.parametrize(
    "file_id", ["../secret", "/etc/passwd", "", ".", "fil_../x", "fil_01jd\0", "fil_x/" + "0" * 26]
)
async def test_no_id_leads_out_of_the_folder(folder: Path, file_id: str):
    store = DiskFileStore(folder)
    secret = folder.parent / "secret"
    secret.write_text("x")
    with pytest.raises((NotFound, WrongId)):
        store.lines(file_id)
    with pytest.raises((NotFound, WrongId)):
        await store.delete(file_id)
    with pytest.raises((NotFound, WrongId)):
        await store.save(file_id, chunks(b"x"), most_bytes=1)
    assert secret.read_text() == "x"


async def test_the_rest_of_an_over_long_line_is_left_out(folder: Path, file_id: str):
    store = DiskFileStore(folder, longest_line=4)
    await store.save(file_id, chunks(b"12345678\nabc\nabcd\n123456"), most_bytes=100)
    assert list(store.lines(file_id)) == [b"1234", b"abc\n", b"abcd", b"1234"]


async def test_a_small_file_cannot_unpack_to_a_huge_one(folder: Path, file_id: str):
    store = DiskFileStore(folder, most_unpacked=1000)
    await store.save(file_id, chunks(gzip.compress(b"a\n" * 10_000)), most_bytes=1000)
    with pytest.raises(BrokenFile, match="more than 1000"):
        list(store.lines(file_id))


@pytest.mark.parametrize("damage", ["cut", "header", "data", "check sum"])
async def test_a_broken_gzip_gives_what_it_can(folder: Path, file_id: str, damage: str):
    packed = bytearray(gzip.compress(b"".join(b"%d\n" % number for number in range(50_000))))
    if damage == "cut":
        del packed[-1000:]
    elif damage == "header":
        packed[2] = 99
    elif damage == "data":
        packed[-2000:-1000] = bytes(1000)
    else:
        packed[-6] ^= 1
    store = DiskFileStore(folder)
    await store.save(file_id, chunks(bytes(packed)), most_bytes=1_000_000)

    found: list[bytes] = []
    with pytest.raises(BrokenFile):
        found.extend(store.lines(file_id))
    assert found[:3] == ([] if damage == "header" else [b"0\n", b"1\n", b"2\n"])
