import gzip
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.shared.errors import LimitExceeded, NotFound, StorageFull, WrongId
from domain.shared.files import BrokenFile, FileStore, FileTooLarge
from infra.shared import files
from infra.shared.files import CHUNK, DiskFileStore
from tests.factories.accounts import IDS
from tests.fakes.files import MemoryFileStore
from tests.full_disk import no_room_beyond

CONTENT = b"one\ntwo\r\n\nthree"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def chunks_of(store: FileStore, file_id: str) -> Iterator[bytes]:
    with closing(store.open(file_id)) as file:
        yield from file


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


async def test_a_file_is_read_back_with_its_progress(store: FileStore, file_id: str):
    content = CONTENT * 10_000
    assert await store.save(file_id, chunks(content[:5], b"", content[5:]), most_bytes=len(content)) == len(content)
    for _ in range(2):
        with closing(store.open(file_id)) as file:
            assert (file.size, file.bytes_read) == (len(content), 0)
            found = list(file)
            assert b"".join(found) == content
            assert all(len(chunk) <= CHUNK for chunk in found)
            assert file.bytes_read == len(content)


@pytest.mark.parametrize("members", [1, 3])
async def test_gzip_is_unpacked(store: FileStore, file_id: str, members: int):
    packed = gzip.compress(CONTENT) * members
    await store.save(file_id, chunks(packed), most_bytes=1000)
    with closing(store.open(file_id)) as file:
        assert b"".join(file) == CONTENT * members
        assert (file.size, file.bytes_read) == (len(packed), len(packed))


async def test_an_empty_file_has_no_chunks(store: FileStore, file_id: str):
    assert await store.save(file_id, chunks(), most_bytes=1) == 0
    assert list(chunks_of(store, file_id)) == []


async def test_nothing_is_kept_of_a_file_that_is_too_large(store: FileStore, file_id: str):
    with pytest.raises(LimitExceeded):
        await store.save(file_id, chunks(b"12345", b"6"), most_bytes=5)
    with pytest.raises(NotFound):
        store.open(file_id)


async def test_a_deleted_file_is_not_found(store: FileStore, file_id: str):
    await store.save(file_id, chunks(b"x"), most_bytes=1)
    await store.delete(file_id)
    await store.delete(file_id)
    with pytest.raises(NotFound):
        store.open(file_id)


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


async def test_a_full_disk_is_reported_and_leaves_no_file(folder: Path, file_id: str):
    store = DiskFileStore(folder)
    with no_room_beyond(100_000), pytest.raises(StorageFull):
        await store.save(file_id, chunks(*[b"x" * 50_000] * 3), most_bytes=1_000_000)
    assert content_of(folder) == []
    assert await store.save(file_id, chunks(b"x" * 150_000), most_bytes=1_000_000) == 150_000


@pytest.mark.parametrize(
    "file_id", ["../secret", "/etc/passwd", "", ".", "fil_../x", "fil_01jd\0", "fil_x/" + "0" * 26]
)
async def test_no_id_leads_out_of_the_folder(folder: Path, file_id: str):
    store = DiskFileStore(folder)
    secret = folder.parent / "secret"
    secret.write_text("x")
    with pytest.raises((NotFound, WrongId)):
        store.open(file_id)
    with pytest.raises((NotFound, WrongId)):
        await store.delete(file_id)
    with pytest.raises((NotFound, WrongId)):
        await store.save(file_id, chunks(b"x"), most_bytes=1)
    assert secret.read_text() == "x"


async def test_a_small_file_cannot_unpack_to_a_huge_one(folder: Path, file_id: str):
    store = DiskFileStore(folder, most_unpacked=50_000)
    await store.save(file_id, chunks(gzip.compress(b"a\n" * 50_000)), most_bytes=1000)
    read = []
    with pytest.raises(FileTooLarge, match="50,000 bytes"):
        read.extend(chunks_of(store, file_id))
    assert 0 < sum(map(len, read)) <= 50_000


async def test_no_file_unpacks_to_more_than_200_times_its_size(
    folder: Path, file_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(files, "FREE_OF_RATIO", 300_000)
    store = DiskFileStore(folder)
    real = b"".join(b'{"number": %d}\n' % number for number in range(20_000))
    bomb = gzip.compress(real) + gzip.compress(b"\n" * 15_000_000)
    await store.save(file_id, chunks(bomb), most_bytes=len(bomb))
    read: list[bytes] = []
    with pytest.raises(FileTooLarge, match="200 times"):
        read.extend(chunks_of(store, file_id))
    assert len(real) < sum(map(len, read)) <= 200 * len(bomb)


async def test_a_small_file_may_have_any_ratio(folder: Path, file_id: str):
    store = DiskFileStore(folder)
    await store.save(file_id, chunks(gzip.compress(b"\n" * 9_000_000, 1)), most_bytes=100_000)
    assert sum(map(len, chunks_of(store, file_id))) == 9_000_000


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
        found.extend(chunks_of(store, file_id))
    assert b"".join(found).split(b"\n")[:3] == ([b""] if damage == "header" else [b"0", b"1", b"2"])
