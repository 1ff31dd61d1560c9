import gzip
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvalidInput
from domain.transfers.errors import ACCEPTED
from infra.transfers.encodings import recognized, utf8_chunks
from infra.transfers.reasons import EMPTY_FILE, NO_JSON_FILE

TEXT = '{"key": "A-1", "text": "Grüße \U0001f600"}'
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with mark": BOM_UTF8 + TEXT.encode(),
    "little-endian with mark": BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "big-endian with mark": BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "little-endian": TEXT.encode("utf-16-le"),
    "big-endian": ("\n" + TEXT).encode("utf-16-be"),
}


def parts(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_encoding_becomes_utf8(encoding: str, size: int) -> None:
    assert b"".join(utf8_chunks(parts(ENCODED[encoding], size))).decode().strip() == TEXT


@pytest.mark.parametrize("short", [b"", b"{", b"\xff", b"\xff\xfe", b"\xef\xbb", BOM_UTF8, b"\0", b"{\0"])
def test_short_files_are_no_mistake(short: bytes) -> None:
    assert b"".join(utf8_chunks([short])) in (b"", b"{", b"\xff", b"\xef\xbb", b"\0")


def test_lone_surrogates_are_left_to_the_reader_of_the_file() -> None:
    assert b"".join(utf8_chunks([BOM_UTF16_LE, b"{\0", b"\x00\xd8", b"}\0", b"x"])) == b"{\xed\xa0\x80}"


@given(st.binary(max_size=50), st.integers(1, 20))
def test_any_bytes_are_decoded(content: bytes, size: int) -> None:
    assert b"".join(utf8_chunks(parts(content, size))) == b"".join(utf8_chunks([content]))


async def outcome(content: bytes, size: int = 7) -> bytes | str:
    async def chunks() -> AsyncIterator[bytes]:
        for part in parts(content, size):
            yield part

    try:
        return b"".join([chunk async for chunk in recognized(chunks())])
    except InvalidInput as refused:
        return refused.message


GOOD = {
    **ENCODED,
    "list": b"[]",
    "space before": b" \r\n\t" * 500 + b"{}",
    "space alone": b"\n" * 2000,
    "packed": gzip.compress(TEXT.encode()),
    "packed UTF-16": gzip.compress(ENCODED["little-endian"]),
    "packed space": gzip.compress(b"\n" * 1_000_000),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_possible_file_of_issues_passes_unchanged(name: str, size: int) -> None:
    assert await outcome(GOOD[name], size) == GOOD[name]


WRONG = {
    "CSV": b"Issue key,Summary\nA-1,Hello\n",
    "XML": b'<?xml version="1.0"?><rss/>',
    "HTML": b"\n<!doctype html>",
    "ZIP": b"PK\x03\x04\x14\0",
    "image": b"\x89PNG\r\n",
    "number": b"17",
    "text of JSON": b'"{}"',
    "UTF-32": TEXT.encode("utf-32-be"),
    "CSV in UTF-16": "Issue key;".encode("utf-16"),
    "packed CSV": gzip.compress(b"Issue key,Summary\n"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("size", [1, 1000])
async def test_other_files_are_refused_by_a_sentence_that_names_the_formats(name: str, size: int) -> None:
    assert await outcome(WRONG[name], size) == f"{NO_JSON_FILE} {ACCEPTED}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", EMPTY_FILE),
        (b" \n ", f"The file has no content. {ACCEPTED}"),
        (BOM_UTF8, f"The file has no content. {ACCEPTED}"),
        (gzip.compress(b"", mtime=0), f"The file has no content. {ACCEPTED}"),
        (gzip.compress(b"{}", mtime=0)[:10], f"The file has no content. {ACCEPTED}"),
        (b"\x1f\x8b\x63 and so on", f"The gzip data of the file is damaged. {ACCEPTED}"),
    ],
)
async def test_a_file_without_content_is_refused(content: bytes, message: str) -> None:
    assert await outcome(content) == message
