"""Cursors: the sort values of one row, and a digest of its list and parent, as base64url text.

Cursors are not signed: a forged cursor only moves within a list that shows what the reader may see.
"""

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, SmallInteger
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from domain.shared.checks import is_storable
from domain.shared.errors import ErrorCode, InvalidInput

VERSION = 1
DISTINCT_SCOPES = 512  # scopes whose digests are remembered
# Long enough for one line of text for each sort key.
_ENCODED = re.compile(r"[A-Za-z0-9_-]{1,8192}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class CursorColumn:
    """Column whose values are part of cursors."""

    column: ColumnElement[Any]
    kind: type[Any]
    bound: int
    is_nullable: bool

    @classmethod
    def of(cls, column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> "CursorColumn":
        """The column. An expression of unknown nullability counts as nullable."""
        element: ColumnElement[Any] = column.expression if isinstance(column, InstrumentedAttribute) else column
        stored = element.type.impl_instance if isinstance(element.type, TypeDecorator) else element.type
        bits = 64 if isinstance(stored, BigInteger) else 16 if isinstance(stored, SmallInteger) else 32
        kind = stored.python_type
        if kind is bool or not issubclass(kind, date | int | str):
            raise TypeError(f"Values of {element} cannot be stored in a cursor.")
        return cls(element, kind, 1 << bits - 1, getattr(element, "nullable", True))

    def decode(self, plain: Any) -> Any:
        """The value for the database; raises ValueError or OverflowError if the column cannot hold it."""
        if plain is None and self.is_nullable:
            return None
        if isinstance(plain, str) and issubclass(self.kind, str):
            if not is_storable(plain):
                raise ValueError("text that cannot be stored")
            return self.kind(plain)
        if type(plain) is int and issubclass(self.kind, datetime):
            return _EPOCH + plain * _MICROSECOND
        if type(plain) is int and issubclass(self.kind, date):
            return date.fromordinal(plain)
        if type(plain) is int and issubclass(self.kind, int) and -self.bound <= plain < self.bound:
            return self.kind(plain)
        raise ValueError("a value that the column cannot hold")


def encode_cursor(values: Sequence[Any], *, scope: str) -> str:
    packed = orjson.dumps([VERSION, scope, *map(_plain, values)])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(
    text: str, columns: Sequence[CursorColumn], *, scopes: Collection[str], path: tuple[str, ...]
) -> tuple[Any, ...]:
    """Sort values of the cursor. Raises InvalidInput if it is malformed or belongs to none of the scopes."""
    damaged = InvalidInput(
        "The cursor is malformed. Use a cursor that this server returned.", path=path, code=ErrorCode.INVALID_CURSOR
    )
    if _ENCODED.fullmatch(text) is None:
        raise damaged
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        version, made_for, *plains = orjson.loads(packed)
        if version != VERSION or not isinstance(made_for, str):
            raise damaged
        if any(made_for != scope for scope in scopes):
            message = "The cursor belongs to another list, parent, filter or sort. Do not change them between pages."
            raise InvalidInput(message, path=path, code=ErrorCode.INVALID_CURSOR)
        return tuple(column.decode(plain) for column, plain in zip(columns, plains, strict=True))
    except (ValueError, TypeError, OverflowError) as error:
        raise damaged from error


def scope_digest(*parts: object) -> str:
    """A short digest of the parts' reprs, equal on every server and in every process."""
    return blake2b(repr(parts).encode(errors="backslashreplace"), digest_size=6).hexdigest()


remembered_digest = lru_cache(DISTINCT_SCOPES)(scope_digest)
"""`scope_digest`, remembered: for parts that can be hashed and of which equal ones have equal reprs."""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return value.toordinal()
    return value
