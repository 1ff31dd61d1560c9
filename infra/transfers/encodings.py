"""Encodings of uploaded files, and the check that the start of a file can be imported."""

import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain

from domain.shared.errors import InvalidInput
from domain.transfers.errors import ACCEPTED, WrongKind
from infra.transfers.reasons import EMPTY_FILE, NO_JSON_FILE

GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's window bits, with a gzip header expected
_HEAD = 1024  # bytes to examine
_SHORTEST = 4  # bytes needed to detect encoding and packing
_SPACE = b" \t\r\n"
_STARTS = (b"{", b"[")
_MARKS = ((BOM_UTF8, ""), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


def utf8_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks in UTF-8, without a byte order mark. UTF-16 is detected as in RFC 4627 section 3."""
    rest = iter(chunks)
    head = b""
    while len(head) < len(BOM_UTF8) and (chunk := next(rest, None)) is not None:
        head += chunk
    mark, encoding = _encoding_of(head)
    whole = chain((head.removeprefix(mark),), rest)
    if not encoding:
        yield from whole
        return
    # An incomplete character at the end is dropped: JSON that ends within a character is incomplete anyway.
    decoder = getincrementaldecoder(encoding)("surrogatepass")
    for chunk in whole:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")


def _encoding_of(head: bytes) -> tuple[bytes, str]:
    """The byte order mark, empty if there is none, and the encoding if it is not UTF-8."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return mark, encoding
    # JSON begins with an ASCII character, whose other byte is zero in UTF-16.
    zeros = [byte == 0 for byte in head[:2]]
    return b"", "utf-16-le" if zeros == [False, True] else "utf-16-be" if zeros == [True, False] else ""


async def recognized(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content, unchanged; raises WrongKind if its start shows that it cannot be imported.

    Raises InvalidInput if the content is at most 1 KB of white space. Content packed with gzip is checked as well.
    The import itself judges content that starts with more than 1 KB of white space.
    """
    head, is_decided = b"", False
    async for chunk in chunks:
        if is_decided:
            yield chunk
            continue
        head += chunk
        is_decided = len(head) >= _SHORTEST and _is_json(head)
        if is_decided:
            yield head
    if not is_decided:
        if not head:
            raise InvalidInput(EMPTY_FILE, path=("file",))
        if not _is_json(head):
            raise InvalidInput(f"The file has no content. {ACCEPTED}", path=("file",))
        yield head


def _is_json(head: bytes) -> bool:
    """Whether the data starts JSON; False while undecided; raises WrongKind if it cannot be JSON."""
    beginning = head[:_HEAD]
    if head.startswith(GZIP):
        try:
            beginning = zlib.decompressobj(_GZIP_WINDOW).decompress(head, _HEAD)
        except zlib.error as error:
            raise WrongKind(f"The gzip data of the file is damaged. {ACCEPTED}", path=("file",)) from error
    sign = b"".join(utf8_chunks([beginning])).lstrip(_SPACE)[:1]
    if sign and sign not in _STARTS:
        raise WrongKind(f"{NO_JSON_FILE} {ACCEPTED}", path=("file",))
    return bool(sign) or len(beginning) >= _HEAD
