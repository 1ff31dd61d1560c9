"""The issues of a JSON file, one at a time, so that memory does not grow with the file."""

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

from infra.transfers.reasons import EMPTY_FILE, ENDS_EARLY, NO_JSON_FILE, NO_LIST, NOT_JSON, TOO_DEEP

_END_OF_VALUE = re.compile(rb'["{}\[\],:]')
_IN_STRING = rb'(?:[^"\\]++|\\.)*+'
_REST_OF_STRING = re.compile(_IN_STRING, re.DOTALL)
_FLAT = rb'(?:[^"{}\[\]]++|"' + _IN_STRING + rb'")*+'
# Matches up to a bracket that does not close immediately, or a string that does not end in the window. A separate
# search for each bracket and quote takes three times as long.
_NESTED = re.compile(rb"(?:" + _FLAT + rb"(?:\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\]))*+" + _FLAT, re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_FORGET = 1024 * 1024  # processed bytes that are kept before the window moves
LONGEST_ELEMENT = 16 * 1024 * 1024  # bytes; the parsed objects can take twenty times as much memory
MOST_LINES = 5_000_000
DEEPEST = 1000  # levels; Python's JSON parser also refuses more


class BrokenDocumentError(Exception):
    """The document is not JSON from `line` on, which counts from 1."""

    def __init__(self, reason: str, *, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class UnknownDocumentError(Exception):
    """The start of the file is not that of a file of issues; no issue was read."""


class TooManyLinesError(Exception):
    """The file has more than MOST_LINES issues and blank lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Names that identify the first object of a file: lists of issues, and members of an issue."""

    lists: frozenset[str]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """The bytes of an issue, or of another member of the object around the issues; not yet parsed.

    `member` is the name of the list or member, empty for an issue that is in no list with a name.
    """

    member: str
    is_issue: bool
    line: int
    raw: bytes


_Walk = Callable[["_Cursor", Shape], Iterator[Element | None]]


def elements(chunks: Iterable[bytes], shape: Shape) -> Iterator[Element | None]:
    """Elements of the file in order, and None for each chunk in which no issue ends.

    A file is a sequence of lists and objects; an object is an issue, or has lists of issues. If the first object is an
    issue on one line, each line is an element, so that a bad line stops no other. In other shapes a bad element stops
    no other as long as its brackets and quotes match. Raises UnknownDocumentError if the file begins like none of
    these, BrokenDocumentError where it is no longer JSON, and TooManyLinesError.
    """
    cursor = _Cursor(chunks)
    sign = yield from cursor.next_sign()
    if not sign or sign not in b"{[":
        raise UnknownDocumentError(NO_JSON_FILE if sign else EMPTY_FILE)
    walk: _Walk = _documents
    if sign == b"{":
        cursor.hold()
        walk = yield from _walk_for(cursor, shape)
        cursor.go_back()
    while (yield from cursor.next_sign()):
        yield from walk(cursor, shape)


def _walk_for(cursor: "_Cursor", shape: Shape) -> Generator[None, None, _Walk]:
    """The reader for a file that starts with this object, chosen by its first known member."""
    line = cursor.line
    try:
        yield from cursor.expect(b"{")
        while True:
            name = yield from _member_name(cursor)
            if name in shape.lists:
                return _documents
            if name in shape.marks:
                return _line if cursor.line == line else _object
            yield from cursor.expect(b":")
            yield from cursor.value()
            if (yield from cursor.expect(b",}")) == b"}" or cursor.held_bytes > LONGEST_ELEMENT:
                break
    except BrokenDocumentError:
        return _line
    if cursor.line == line:
        return _line
    raise UnknownDocumentError(NO_LIST)


def _line(cursor: "_Cursor", shape: Shape) -> Iterator[Element | None]:
    line = cursor.line
    raw = yield from cursor.rest_of_line()
    yield cursor.found(Element(member="", is_issue=True, line=line, raw=raw))


def _object(cursor: "_Cursor", shape: Shape) -> Iterator[Element | None]:
    """An issue that has many lines."""
    line = cursor.line
    raw = yield from cursor.value()
    if not raw:
        raise BrokenDocumentError(NOT_JSON, line=line)
    yield cursor.found(Element(member="", is_issue=True, line=line, raw=raw))


def _documents(cursor: "_Cursor", shape: Shape) -> Iterator[Element | None]:
    """A list of issues, or an object with lists of them."""
    if (yield from cursor.next_sign()) == b"[":
        yield from _list(cursor, "", is_issue=True, may_have_pages=True)
        return
    yield from cursor.expect(b"{")
    if (yield from cursor.next_sign()) == b"}":
        yield from cursor.expect(b"}")
        return
    while True:
        name = yield from _member_name(cursor)
        yield from cursor.expect(b":")
        if (yield from cursor.next_sign()) == b"[":
            yield from _list(cursor, name, is_issue=name in shape.lists)
        else:
            yield (yield from _element(cursor, name, is_issue=False))
        if (yield from cursor.expect(b",}")) == b"}":
            return


def _list(cursor: "_Cursor", name: str, *, is_issue: bool, may_have_pages: bool = False) -> Iterator[Element | None]:
    yield from cursor.expect(b"[")
    if (yield from cursor.next_sign()) == b"]":
        yield from cursor.expect(b"]")
        return
    while True:
        # Exports that fetch page by page may put the lists of all pages into one list.
        if (yield from cursor.next_sign()) == b"[" and may_have_pages:
            yield from _list(cursor, name, is_issue=is_issue)
        else:
            yield (yield from _element(cursor, name, is_issue=is_issue))
        if (yield from cursor.expect(b",]")) == b"]":
            return


def _element(cursor: "_Cursor", name: str, *, is_issue: bool) -> Generator[None, None, Element]:
    if not (yield from cursor.next_sign()):
        raise BrokenDocumentError(ENDS_EARLY, line=cursor.line)
    line = cursor.line
    raw = yield from cursor.value()
    return cursor.found(Element(member=name, is_issue=is_issue, line=line, raw=raw))


def _member_name(cursor: "_Cursor") -> Generator[None, None, str]:
    yield from cursor.next_sign()
    line = cursor.line
    raw = yield from cursor.value()
    try:
        name = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BrokenDocumentError(NOT_JSON, line=line) from error
    if not isinstance(name, str):
        raise BrokenDocumentError(NOT_JSON, line=line)
    return name


class _Cursor:
    """A window on the document that drops processed bytes.

    Methods that may fetch a chunk are generators and yield None after a chunk in which no issue ended.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = bytearray()
        self._at = 0
        self._held: tuple[int, int, int] | None = None
        self._is_fruitless = False
        self._lines = 0  # issues and blank lines
        self.line = 1

    def hold(self) -> None:
        """Keeps all bytes from the current position on."""
        self._held = (self._at, self.line, self._lines)

    @property
    def held_bytes(self) -> int:
        return self._at - self._held[0] if self._held is not None else 0

    def go_back(self) -> None:
        """Returns to the position of the `hold` call."""
        assert self._held is not None
        self._at, self.line, self._lines = self._held
        self._held = None

    def found(self, element: Element) -> Element:
        if element.is_issue:
            self._is_fruitless = False
        self._add_lines(1)
        return element

    def next_sign(self) -> Generator[None, None, bytes]:
        """Skips white space and returns the next byte without taking it; empty at the end."""
        ended = self.line  # the first line break ends the current line, which is not blank
        while True:
            line, space = self.line, _SPACE.match(self._buffer, self._at)
            if space is not None and space.end() > self._at:
                self._pass(space.end())
                self._add_lines(self.line - line - (line == ended != self.line))
            if self._at < len(self._buffer):
                return bytes(self._buffer[self._at : self._at + 1])
            if not (yield from self._more()):
                return b""

    def expect(self, signs: bytes) -> Generator[None, None, bytes]:
        """Takes the next byte, which must be one of these."""
        sign = yield from self.next_sign()
        if not sign or sign not in signs:
            raise BrokenDocumentError(NOT_JSON if sign else ENDS_EARLY, line=self.line)
        self._pass(self._at + 1)
        return sign

    def value(self) -> Generator[None, None, bytes]:
        """Takes one value of any kind, checking only its brackets and quotes."""
        end = yield from self._end_of_value()
        return self._take(end)

    def rest_of_line(self) -> Generator[None, None, bytes]:
        """Takes the rest of the line; only the start of a line longer than the longest element."""
        position, most = self._at, LONGEST_ELEMENT + 1
        while (end := self._buffer.find(b"\n", position)) < 0:
            del self._buffer[self._at + most :]
            position = len(self._buffer)
            if not (yield from self._more()):
                return self._take(position)
        raw = bytes(self._buffer[self._at : min(end, self._at + most)])
        self._pass(end)
        return raw

    def _take(self, end: int) -> bytes:
        raw = bytes(self._buffer[self._at : end])
        self._pass(end)
        return raw

    def _end_of_value(self) -> Generator[None, None, int]:
        depth, position, is_string = 0, self._at, False
        while True:
            sign, position = self._next_mark(position, is_string=is_string, is_nested=depth > 0)
            if not sign:
                if not (yield from self._more_of_value(depth > 0 or is_string)):
                    return position
            elif is_string or sign == b'"':
                is_string = not is_string
            elif sign in b"{[":
                depth += 1
                if depth > DEEPEST:
                    raise BrokenDocumentError(TOO_DEEP, line=self.line)
            elif not depth:
                return position - 1
            else:
                depth -= 1
                if not depth:
                    return position

    def _next_mark(self, position: int, *, is_string: bool, is_nested: bool) -> tuple[bytes, int]:
        """The next quote, bracket or separator and the position behind it; empty if the window ends before."""
        if is_string or is_nested:
            pattern = _REST_OF_STRING if is_string else _NESTED
            match = pattern.match(self._buffer, position)
            assert match is not None  # both patterns also match empty text
            end = match.end()
        else:
            match = _END_OF_VALUE.search(self._buffer, position)
            end = match.start() if match is not None else len(self._buffer)
        sign = bytes(self._buffer[end : end + 1])
        # A backslash is the last byte of the window: the escaped byte is in the next chunk.
        return (b"", end) if not sign or sign == b"\\" else (sign, end + 1)

    def _more_of_value(self, is_open: bool) -> Generator[None, None, bool]:
        if len(self._buffer) - self._at > LONGEST_ELEMENT:
            raise BrokenDocumentError(f"A part of the JSON is longer than {LONGEST_ELEMENT:,} bytes.", line=self.line)
        has_more = yield from self._more()
        if is_open and not has_more:
            raise BrokenDocumentError(ENDS_EARLY, line=self.line)
        return has_more

    def _more(self) -> Generator[None, None, bool]:
        chunk = next((chunk for chunk in self._chunks if chunk), None)
        if chunk is None:
            return False
        self._buffer += chunk
        if self._is_fruitless:
            yield None
        self._is_fruitless = True
        return True

    def _add_lines(self, number: int) -> None:
        self._lines += number
        if self._lines > MOST_LINES:
            raise TooManyLinesError(f"The file has more than {MOST_LINES:,} issues and blank lines.")

    def _pass(self, end: int) -> None:
        self.line += self._buffer.count(b"\n", self._at, end)
        self._at = end
        if end > _FORGET and self._held is None:
            del self._buffer[:end]
            self._at = 0
