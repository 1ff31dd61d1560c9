"""The explorer's files are packed once, when it is installed."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.explorer import install, pages, static_files, vendor_files
from api.explorer.pages import explorer_routes
from api.http.options import ExplorerOptions
from tests import api_defaults

TEXT = b"const long = 1;\n" * 200


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed explorer with small files of its own; `page/main.js` and `vendor/react.min.js` among them."""
    page, vendor = tmp_path / "page", tmp_path / "vendor"
    (page / "samples").mkdir(parents=True)
    vendor.mkdir()
    for module in (static_files, pages):
        monkeypatch.setattr(module, "PAGE", page)
    for module in (vendor_files, pages, install):
        monkeypatch.setattr(module, "VENDOR", vendor)
    for name in ("index.html", "main.js", "samples/long.graphql"):
        (page / name).write_bytes(TEXT)
    (page / "short.js").write_bytes(TEXT[:100])
    for name in vendor_files.FILES:
        (vendor / name).write_bytes(TEXT)
    install.install()
    return tmp_path


async def get(path: str, options: ExplorerOptions | None = None, **headers: str) -> httpx.Response:
    app = Starlette(routes=explorer_routes("/graphiql", options or api_defaults.explorer(), are_trusted_only=False))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers={"Accept-Encoding": "gzip", **headers})


@pytest.mark.parametrize("path", ["", "/main.js", "/vendor/react.min.js", "/samples/long.graphql"])
async def test_files_are_sent_packed(folder: Path, path: str) -> None:
    packed = await get(f"/graphiql{path}")
    plain = await get(f"/graphiql{path}", **{"Accept-Encoding": "identity"})
    assert (packed.status_code, packed.content, plain.content) == (200, TEXT, TEXT)
    assert [each.headers.get("content-encoding") for each in (packed, plain)] == ["gzip", None]
    assert [each.headers["vary"] for each in (packed, plain)] == ["Accept-Encoding"] * 2
    assert int(packed.headers["content-length"]) < len(TEXT) / 10
    assert packed.headers["content-type"] == plain.headers["content-type"] != "application/gzip"
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize("path", ["", "/main.js", "/vendor/react.min.js", "/short.js"])
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
async def test_known_files_are_not_sent_again(folder: Path, path: str, accepted: str) -> None:
    first = await get(f"/graphiql{path}", **{"Accept-Encoding": accepted})
    known = {"Accept-Encoding": accepted, "If-None-Match": first.headers["etag"]}
    again = await get(f"/graphiql{path}", **known)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary", "content-security-policy"):
        assert again.headers.get(name) == first.headers.get(name)


async def test_an_edited_file_is_sent_as_it_is_now(folder: Path) -> None:
    file = folder / "page/main.js"
    changed = TEXT.replace(b"1", b"22")
    tag = (await get("/graphiql/main.js")).headers["etag"]
    file.write_bytes(changed)
    response = await get("/graphiql/main.js", **{"If-None-Match": tag})
    assert (response.content, "content-encoding" in response.headers) == (changed, False)
    install.install()
    response = await get("/graphiql/main.js")
    assert (response.content, response.headers["content-encoding"]) == (changed, "gzip")


async def test_packing_is_done_once(folder: Path) -> None:
    files = sorted((folder / "vendor/packed").rglob("*.gz"))
    assert len(files) == 3 + len(vendor_files.FILES), "all but the short one"
    before = [file.stat().st_mtime_ns for file in files]
    install.install()
    assert [file.stat().st_mtime_ns for file in files] == before
    assert all(gzip.decompress(file.read_bytes()) == TEXT for file in files)


async def test_short_files_and_missing_copies_are_sent_plain(folder: Path) -> None:
    assert "content-encoding" not in (await get("/graphiql/short.js")).headers
    (folder / "vendor/packed/main.js.gz").unlink()
    response = await get("/graphiql/main.js")
    assert (response.content, "content-encoding" in response.headers) == (TEXT, False)


@pytest.mark.parametrize("path", ["", "/main.js", "/vendor/react.min.js"])
async def test_nothing_is_packed_where_that_is_turned_off(folder: Path, path: str) -> None:
    response = await get(f"/graphiql{path}", api_defaults.explorer(is_compressed=False))
    assert (response.content, "content-encoding" in response.headers) == (TEXT, False)
    assert "vary" not in response.headers
