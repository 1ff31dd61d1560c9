import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.transfers.json_walk import BrokenDocumentError, Element, elements

DOCUMENT = b"""{ "a": "one, \\"two\\" ]}",
 "empty": [], "none": {},
 "list": [ {"x": [1, {"y": "\\\\"}]},
   2 , "three" ],
 "number": 17 }
"""
FOUND = [
    Element(member="a", is_of_list=False, line=1, raw=b'"one, \\"two\\" ]}"'),
    Element(member="none", is_of_list=False, line=2, raw=b"{}"),
    Element(member="list", is_of_list=True, line=3, raw=b'{"x": [1, {"y": "\\\\"}]}'),
    Element(member="list", is_of_list=True, line=4, raw=b"2 "),
    Element(member="list", is_of_list=True, line=4, raw=b'"three" '),
    Element(member="number", is_of_list=False, line=5, raw=b"17 "),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_finds_every_element_whatever_the_chunks(size: int) -> None:
    chunks = [DOCUMENT[start : start + size] for start in range(0, len(DOCUMENT), size)]
    assert list(elements(chunks)) == FOUND


def test_passes_over_a_byte_order_mark() -> None:
    assert [element.raw for element in elements([b'\xef\xbb\xbf{"a":1}'])] == [b"1"]


@pytest.mark.parametrize("empty", [b"{}", b" { } \n"])
def test_an_empty_object_has_no_elements(empty: bytes) -> None:
    assert list(elements([empty])) == []


@pytest.mark.parametrize(
    ("document", "before", "reason", "line"),
    [
        (b"", [], "It ends too early.", 1),
        (b"\n[1]", [], "It is not JSON.", 2),
        (b'{"a": [1,\n {"b": 2', [b"1"], "It ends too early.", 2),
        (b'{"a": ["x\\', [], "It ends too early.", 1),
        (b'{"a": [1}', [b"1"], "It is not JSON.", 1),
        (b'{"a": 1,\n}', [b"1"], "It is not JSON.", 2),
        (b"{1: 1}", [], "It is not JSON.", 1),
        (b'{"a" 1}', [], "It is not JSON.", 1),
        (b'{"a": 1}\n{"a": 2}', [b"1"], "More follows after its end.", 2),
    ],
)
def test_says_where_the_document_breaks_off(document: bytes, before: list[bytes], reason: str, line: int) -> None:
    found: list[bytes] = []
    with pytest.raises(BrokenDocumentError) as caught:
        found.extend(element.raw for element in elements([document]))
    assert found == before
    assert (caught.value.reason, caught.value.line) == (reason, line)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    line = 1
    try:
        list(elements([b'{"a": [', document]))
    except BrokenDocumentError as error:
        line = error.line
    assert 1 <= line <= 1 + document.count(b"\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=5), st.lists(JSON, max_size=4), max_size=4), st.integers(1, 40))
def test_elements_are_those_of_the_document(document: dict[str, list[object]], size: int) -> None:
    raw = json.dumps(document).encode()
    found: dict[str, list[object]] = {}
    for element in elements(raw[start : start + size] for start in range(0, len(raw), size)):
        found.setdefault(element.member, []).append(json.loads(element.raw))
    assert found == {name: values for name, values in document.items() if values}


def test_memory_does_not_grow_with_the_document() -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        yield b'{"list": ['
        for place in range(4000):
            read = place
            yield b'{"x": "' + b"y" * 4096 + b'"},'
        yield b"0]}"

    tracemalloc.start()
    try:
        for place, element in enumerate(elements(chunks())):
            assert len(element.raw) <= 4105
            assert read <= place + 1  # nothing is read ahead
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == 3999
    assert peak < 4_000_000  # of 16 million bytes
