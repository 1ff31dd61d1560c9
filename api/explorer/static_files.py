"""Files of the explorer, uncompressed and as gzip copies that are written when the explorer is installed."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.explorer import vendor_files
from api.explorer.vendor_files import FILES, FOLDER
from api.http.conditional import is_known
from api.http.negotiation import is_gzip_accepted

PAGE = FOLDER / "page"
INDEX = "index.html"
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".graphql": "application/graphql",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
}
LEAST_BYTES = 1_024
LEVEL = 9  # slowest and smallest, because compression happens once, at installation


def own_files() -> Iterator[Path]:
    """The explorer's own files, without vendored files and without the page."""
    return (file for file in sorted(PAGE.rglob("*")) if file.suffix in MEDIA_TYPES and file.name != INDEX)


def packable_files() -> list[Path]:
    """Files of the explorer that are large enough to compress."""
    files = [PAGE / INDEX, *own_files(), *(vendor_files.VENDOR / name for name in FILES)]
    return [file for file in files if file.stat().st_size >= LEAST_BYTES]


def pack() -> None:
    """Writes the packed copy of each file whose copy is missing or outdated."""
    for file in packable_files():
        if not has_packed_copy(file):
            packed = _packed(file)
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(gzip.compress(file.read_bytes(), LEVEL, mtime=0))


def has_packed_copy(file: Path) -> bool:
    """Whether a packed copy exists and has the current content of the file."""
    try:
        packed = _packed(file).stat()
    except FileNotFoundError:
        return False
    here = file.stat()
    return _is_copy(file, here.st_mtime_ns, here.st_size, packed.st_mtime_ns)


def file_answer(request: Request, file: Path, headers: Mapping[str, str], *, is_compressed: bool) -> Response:
    """The file, compressed for clients that accept gzip, or 304 if the client has the current file."""
    path, encoded = file, {}
    if is_compressed and has_packed_copy(file):
        headers = {**headers, "Vary": "Accept-Encoding"}
        if is_gzip_accepted(",".join(request.headers.getlist("accept-encoding")).encode("latin-1")):
            path, encoded = _packed(file), {"Content-Encoding": "gzip"}
    media_type = MEDIA_TYPES.get(file.suffix)
    answer = FileResponse(path, headers={**headers, **encoded}, media_type=media_type, stat_result=path.stat())
    tag = answer.headers["etag"]  # made from time and size, so that the file and its packed copy have different tags
    if is_known(request.headers.get("if-none-match"), tag):
        return Response(None, HTTPStatus.NOT_MODIFIED, {**headers, "ETag": tag})
    return answer


def _packed(file: Path) -> Path:
    folder = PAGE if file.is_relative_to(PAGE) else vendor_files.VENDOR
    return vendor_files.VENDOR / "packed" / f"{file.relative_to(folder)}.gz"


@lru_cache(maxsize=256)
def _is_copy(file: Path, *_changed: int) -> bool:
    content = file.read_bytes()
    # A gzip file ends with checksum and size of its content (RFC 1952 section 2.3.1).
    trailer = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return _packed(file).read_bytes()[-8:] == trailer
