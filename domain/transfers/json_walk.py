"""The elements of the lists in one large JSON object, one at a time, so that memory does not grow with the file."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_END_OF_VALUE = re.compile(rb'["{}\[\],:]')
_BRACKET = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORGET = 1024 * 1024  # bytes that may have been read before the window moves on
LONGEST_ELEMENT = 64 * 1024 * 1024  # bytes


class BrokenDocumentError(Exception):
    """From here on the document is not the JSON that it began as; `line` counts from 1."""

    def __init__(self, reason: str, *, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """The bytes of a member of the object, or of one element of a member that is a list; not yet parsed."""

    member: str
    is_of_list: bool
    line: int
    raw: bytes


def elements(chunks: Iterable[bytes]) -> Iterator[Element]:
    """Everything in the object that the chunks make up, in order; raises BrokenDocumentError where it is no JSON.

    A list is handed out element by element, so that a bad one stops no other as long as its brackets and quotes match.
    """
    cursor = _Cursor(chunks)
    cursor.expect(b"{")
    if cursor.next_sign() == b"}":
        cursor.expect(b"}")
    else:
        yield from _members(cursor)
    if cursor.next_sign():
        raise BrokenDocumentError("More follows after its end.", line=cursor.line)


def _members(cursor: "_Cursor") -> Iterator[Element]:
    while True:
        name = _member_name(cursor)
        cursor.expect(b":")
        if cursor.next_sign() == b"[":
            yield from _list(cursor, name)
        else:
            yield Element(member=name, is_of_list=False, line=cursor.line, raw=cursor.value())
        if cursor.expect(b",}") == b"}":
            return


def _list(cursor: "_Cursor", name: str) -> Iterator[Element]:
    cursor.expect(b"[")
    if cursor.next_sign() == b"]":
        cursor.expect(b"]")
        return
    while True:
        cursor.next_sign()
        yield Element(member=name, is_of_list=True, line=cursor.line, raw=cursor.value())
        if cursor.expect(b",]") == b"]":
            return


def _member_name(cursor: "_Cursor") -> str:
    cursor.next_sign()
    line, raw = cursor.line, cursor.value()
    try:
        name = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BrokenDocumentError("It is not JSON.", line=line) from error
    if not isinstance(name, str):
        raise BrokenDocumentError("It is not JSON.", line=line)
    return name


class _Cursor:
    """A window on the document that forgets what has been read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = bytearray()
        self._at = 0
        self.line = 1
        if self._more() and self._buffer.startswith(_BYTE_ORDER_MARK):
            self._at = len(_BYTE_ORDER_MARK)

    def next_sign(self) -> bytes:
        """Passes over space and returns the byte that follows, which stays; empty at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._at)
            if space is not None:
                self._pass(space.end())
            if self._at < len(self._buffer):
                return bytes(self._buffer[self._at : self._at + 1])
            if not self._more():
                return b""

    def expect(self, signs: bytes) -> bytes:
        """Takes the next byte, which must be one of these."""
        sign = self.next_sign()
        if not sign or sign not in signs:
            raise BrokenDocumentError("It is not JSON." if sign else "It ends too early.", line=self.line)
        self._pass(self._at + 1)
        return sign

    def value(self) -> bytes:
        """Takes one value of any kind; only its brackets and quotes are looked at."""
        end = self._end_of_value()
        raw = bytes(self._buffer[self._at : end])
        self._pass(end)
        return raw

    def _end_of_value(self) -> int:
        depth, position, is_string = 0, self._at, False
        while True:
            pattern = _IN_STRING if is_string else _BRACKET if depth else _END_OF_VALUE
            match = pattern.search(self._buffer, position)
            if match is None:
                position = len(self._buffer)
                if not self._more_of_value(depth > 0 or is_string):
                    return position
                continue
            sign, position = match[0], match.end()
            if is_string:
                is_string = sign == b"\\"
                if is_string and position == len(self._buffer):
                    self._more_of_value(True)
                position += is_string
            elif sign == b'"':
                is_string = True
            elif sign in b"{[":
                depth += 1
            elif not depth:
                return match.start()
            else:
                depth -= 1
                if not depth:
                    return position

    def _more_of_value(self, is_open: bool) -> bool:
        if len(self._buffer) - self._at > LONGEST_ELEMENT:
            raise BrokenDocumentError(f"A part of it is longer than {LONGEST_ELEMENT:,} bytes.", line=self.line)
        has_more = self._more()
        if is_open and not has_more:
            raise BrokenDocumentError("It ends too early.", line=self.line)
        return has_more

    def _more(self) -> bool:
        chunk = next((chunk for chunk in self._chunks if chunk), None)
        self._buffer += chunk or b""
        return chunk is not None

    def _pass(self, end: int) -> None:
        self.line += self._buffer.count(b"\n", self._at, end)
        self._at = end
        if end > _FORGET:
            del self._buffer[:end]
            self._at = 0
