import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.transfers import json_walk
from infra.transfers.json_walk import (
    BrokenDocumentError,
    Element,
    Shape,
    TooManyLinesError,
    UnknownDocumentError,
    elements,
)
from infra.transfers.reasons import EMPTY_FILE, ENDS_EARLY, NO_JSON_FILE, NO_LIST, NOT_JSON, TOO_DEEP
from tests.examples import share_of

SHAPE = Shape(lists=frozenset(("list",)), marks=frozenset(("key",)))

DOCUMENT = b"""{ "a": "one, \\"two\\" ]}",
 "empty": [], "none": {},
 "list": [ {"x": [1, {"y": "\\\\"}]},
   2 , "three" ],
 "number": 17 }
"""
FOUND = [
    Element(member="a", is_issue=False, line=1, raw=b'"one, \\"two\\" ]}"'),
    Element(member="none", is_issue=False, line=2, raw=b"{}"),
    Element(member="list", is_issue=True, line=3, raw=b'{"x": [1, {"y": "\\\\"}]}'),
    Element(member="list", is_issue=True, line=4, raw=b"2 "),
    Element(member="list", is_issue=True, line=4, raw=b'"three" '),
    Element(member="number", is_issue=False, line=5, raw=b"17 "),
]


def chunked(document: bytes, size: int) -> Iterator[bytes]:
    return (document[start : start + size] for start in range(0, len(document), size))


def found_in(*chunks: bytes) -> list[Element]:
    return [element for element in elements(chunks, SHAPE) if element is not None]


def issues_in(*chunks: bytes) -> list[tuple[int, object]]:
    """Lines and values of the issues."""
    return [(element.line, json.loads(element.raw)) for element in found_in(*chunks) if element.is_issue]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_finds_every_element_whatever_the_chunks(size: int) -> None:
    assert found_in(*chunked(DOCUMENT, size)) == FOUND


ONE, TWO, THREE = ({"key": number, "x": ["]}", {"y": '"'}]} for number in (1, 2, 3))
ISSUES = [ONE, TWO, THREE]


def text(*values: object, indent: int | None = None) -> bytes:
    return "\n".join(json.dumps(value, indent=indent) for value in values).encode() + b"\n"


@pytest.mark.parametrize(
    "document",
    [
        text(*ISSUES),
        b"\n \r\n" + text(*ISSUES).replace(b"\n", b"\r\n\n"),
        text(*ISSUES, indent=2),
        text(ISSUES),
        text(ISSUES, indent=1),
        text([ONE, TWO], [THREE]),
        text([[ONE, TWO], [], [THREE]]),
        text({"total": 3, "list": ISSUES}),
        text({"total": 3, "list": ISSUES}, indent=4),
        text({"total": 3, "list": [ONE]}, {"total": 3, "list": [TWO, THREE]}),
        text({"list": [ONE, TWO], "names": {"key": 1}}, {"list": [THREE]}, indent=2),
        text({"names": {"key": 1}, "other": [4, 5], "list": ISSUES}),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_finds_the_same_issues_in_every_shape(document: bytes, size: int) -> None:
    found = issues_in(*chunked(document, size))
    assert [issue for _, issue in found] == ISSUES
    assert all(b'"key"' in document.split(b"\n")[line - 1] + document.split(b"\n", line)[-1] for line, _ in found)


@pytest.mark.parametrize("bad", [b"{", b"null", b"[" * 5000, b'{"key": "cut off', b"\xff\xfe", b"}"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_bad_line_stops_no_other(bad: bytes, place: int) -> None:
    if place == 0 and not bad.startswith(b"{"):
        place = 1  # a file that begins so is no file of issues
    lines = text(*ISSUES).splitlines()
    lines.insert(place, bad)
    found = found_in(b"\n".join(lines))
    assert [(element.line, element.raw) for element in found] == list(enumerate(lines, 1))


@pytest.mark.parametrize("empty", [b"{}", b" { } \n", b"[]", b"[ ]\n[]", b'{"list": []}'])
def test_an_empty_document_has_no_issues(empty: bytes) -> None:
    assert [element for element in found_in(empty) if element.raw != b"{}" and element.raw != b"{ } "] == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", EMPTY_FILE),
        (b" \n", EMPTY_FILE),
        (b"key,summary\n", NO_JSON_FILE),
        (b"<rss>", NO_JSON_FILE),
        (b"PK\x03\x04", NO_JSON_FILE),
        (b"17", NO_JSON_FILE),
        (b'{\n"errors": []}', NO_LIST),
        (b'{\n"a": {"key": 1},\n"b": [{"key": 1}]}', "The first object of the file is not an issue and has no list of"),
    ],
)
def test_a_document_of_another_kind_is_refused_at_once(document: bytes, reason: str) -> None:
    with pytest.raises(UnknownDocumentError) as caught:
        found_in(document, b"" if reason == EMPTY_FILE else b"and so on")
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("document", "before", "reason", "line"),
    [
        (b'{"list": [1,\n {"b": 2', [b"1"], ENDS_EARLY, 2),
        (b'{"list": ["x\\', [], ENDS_EARLY, 1),
        (b'{"list": [1}', [b"1"], NOT_JSON, 1),
        (b'{"list": 1,\n}', [b"1"], NOT_JSON, 2),
        (b'{"list": [1], 1: 1}', [b"1"], NOT_JSON, 1),
        (b"[1]\n2", [b"1"], NOT_JSON, 2),
        (b"[1,\n2", [b"1", b"2"], ENDS_EARLY, 2),
        (b'[1, {"a":\n' + b"[" * 5000, [b"1"], TOO_DEEP, 1),
        (b'{\n"key": 1}\n]', [b'{\n"key": 1}'], NOT_JSON, 3),
    ],
)
def test_says_where_the_document_breaks_off(document: bytes, before: list[bytes], reason: str, line: int) -> None:
    found: list[bytes] = []
    with pytest.raises(BrokenDocumentError) as caught:
        found.extend(element.raw for element in elements([document], SHAPE) if element is not None)
    assert found == before
    assert (caught.value.reason, caught.value.line) == (reason, line)


@given(
    st.sampled_from((b'{"list": [', b"[", b'{"key": 1}\n', b'{\n"key":')), st.binary(max_size=60), st.integers(1, 60)
)
def test_any_bytes_are_read_or_refused(start: bytes, noise: bytes, size: int) -> None:
    document = start + noise
    line = 1
    try:
        found = found_in(*chunked(document, size))
        line = max((element.line for element in found), default=1)
    except BrokenDocumentError as error:
        line = error.line
    except UnknownDocumentError:
        assert start.startswith(b"{\n")
    assert 1 <= line <= 1 + document.count(b"\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(max_examples=share_of(50))
@given(
    st.dictionaries(st.text(max_size=5), st.lists(JSON, max_size=4), max_size=4),
    st.integers(1, 40),
    st.sampled_from((None, 1)),
)
def test_elements_are_those_of_the_document(document: dict[str, list[object]], size: int, indent: int | None) -> None:
    raw = json.dumps({"list": [0]} | document, indent=indent).encode()
    found: dict[str, list[object]] = {}
    for element in found_in(*chunked(raw, size)):
        found.setdefault(element.member, []).append(json.loads(element.raw))
    assert found == {name: values for name, values in ({"list": [0]} | document).items() if values}


SHAPES = {"object": b'{"list": [%s0]}', "list": b"[%s0]", "pages": b"[[%s0]]"}


@pytest.mark.parametrize("shape", ["object", "list", "pages", "lines"])
def test_memory_does_not_grow_with_the_document(shape: str) -> None:
    read = 0
    start, end, comma = (*SHAPES[shape].split(b"%s"), b",") if shape in SHAPES else (b"", b"{}", b"\n")

    def chunks() -> Iterator[bytes]:
        nonlocal read
        yield start
        for place in range(1000):
            read = place
            yield b'{"key": "' + b"y" * 4096 + b'"}' + comma
        yield end

    tracemalloc.start()
    try:
        for place, element in enumerate(each for each in elements(chunks(), SHAPE) if each):
            assert len(element.raw) <= 4108
            assert read <= place + 1  # nothing is read ahead
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (read, place) == (999, 1000)
    assert peak < 1_500_000  # of 4 million bytes


def test_the_rest_of_an_over_long_line_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_walk, "LONGEST_ELEMENT", 12)
    found = found_in(b'{"key": 1}\n{"key', b'": 2345', b"6789}\n", b'{"key": 123456789}\n{"key": 1}')
    assert [(element.line, element.raw) for element in found] == [
        (1, b'{"key": 1}'),
        (2, b'{"key": 23456'),
        (3, b'{"key": 12345'),
        (4, b'{"key": 1}'),
    ]


def test_an_over_long_element_breaks_a_list_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_walk, "LONGEST_ELEMENT", 100)
    with pytest.raises(BrokenDocumentError, match="longer than 100 bytes"):
        found_in(b'[{"key": 1},', *[b"[" + b" " * 20] * 10)


def test_the_first_object_is_looked_at_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_walk, "LONGEST_ELEMENT", 100)
    fetched = 0

    def chunks() -> Iterator[bytes]:
        nonlocal fetched
        yield b"{\n"
        while True:
            fetched += 1
            yield b'"a": 1,\n'

    with pytest.raises(UnknownDocumentError):
        list(elements(chunks(), SHAPE))
    assert fetched < 20


@pytest.mark.parametrize(
    ("document", "is_allowed"),
    [
        (b"\n" * 9 + b'{"key": 1}', True),
        (b"\n" * 11 + b'{"key": 1}', False),
        (b'{"key": 1}\n' * 10, True),
        (b'{"key": 1}\n' * 11, False),
        (b'{"key": 1}\n' * 5 + b"\n" * 4 + b'{"key": 1}\n', True),
        (b'{"key": 1}\n' * 5 + b"\n" * 6, False),
        (b"[" + b"1," * 9 + b"1]", True),
        (b"[" + b"1," * 10 + b"1]", False),
        (b"[\n" + b"1,\n" * 9 + b"1]", True),
        (b"[" + b"\n" * 12 + b"1]", False),
        (b'{"list": [' + b"1," * 10 + b"1]}", False),
        (b'{"list": [1], "other": [' + b"1," * 10 + b"1]}", False),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_issues_and_blank_lines_are_counted(
    document: bytes, is_allowed: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_walk, "MOST_LINES", 10)
    if is_allowed:
        assert found_in(*chunked(document, size))
    else:
        with pytest.raises(TooManyLinesError, match="more than 10 issues and blank lines"):
            found_in(*chunked(document, size))


@pytest.mark.parametrize(
    "fruitless", [b"\n", b" ", b'{"a": "' + b"x" * 1000, b'{"a": 1, "other": [1, ' + b"2," * 500, b"[[" * 400]
)
@pytest.mark.parametrize("start", [b"", b"[", b'{"key": 1}\n'])
def test_none_is_given_for_each_chunk_without_an_issue(start: bytes, fruitless: bytes) -> None:
    chunks = [start, *[fruitless[:1000]] + [b" "] * 20, b"\n"]
    walk = elements(chunks, SHAPE)
    given_up = 0
    try:
        for element in walk:
            given_up += element is None
    except (BrokenDocumentError, UnknownDocumentError):
        pass
    assert given_up >= 18
