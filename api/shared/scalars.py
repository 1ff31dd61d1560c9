"""Custom scalars, whose values are checked before a resolver gets them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NewType

import orjson
import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

Revision = NewType("Revision", int)

_LARGEST_REVISION = 2**53  # largest integer that all JSON parsers read exactly (RFC 8259 section 6)


_DATE_RULE = "Expected a date according to RFC 3339, such as `2026-01-31`."
_DATE_TIME_RULE = (
    "Expected a date and time according to RFC 3339, with seconds and an offset from UTC, "
    "such as `2026-01-31T12:00:00Z` or `2026-01-31T12:00:00.5+02:00`."
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:)(\d\d)((?:\.\d+)?(?:[Zz]|[+-]\d\d:[0-5]\d))", re.ASCII)
_SECOND = timedelta(seconds=1)


def _date_time(value: Any) -> datetime:
    """Parses RFC 3339. Python alone accepts all of ISO 8601, such as week dates, but no lower case."""
    found = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise GraphQLError(_DATE_TIME_RULE)
    until, second, rest = found.groups()
    is_leap = second == "60"
    try:
        moment = datetime.fromisoformat(f"{until}{'59' if is_leap else second}{rest}".upper()).astimezone(UTC)
        return _after_leap_second(moment) if is_leap else moment
    except ValueError as error:
        raise GraphQLError(_DATE_TIME_RULE) from error
    except OverflowError as error:
        raise GraphQLError("The date and time is out of range. Use years 0001 to 9999 in UTC.") from error


def _after_leap_second(before: datetime) -> datetime:
    """The second after `before`, since Python has no leap seconds. ValueError if no leap second is possible there
    (RFC 3339 section 5.7).
    """
    after = before + _SECOND
    if (after.day, after.hour, after.minute, after.second) != (1, 0, 0, 0):
        raise ValueError("no leap second")
    return after


def _date(value: Any) -> date:
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise GraphQLError(_DATE_RULE)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(_DATE_RULE) from error


def _revision(value: Any) -> int:
    # bool is a subclass of int.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_REVISION:
        raise GraphQLError("A revision must be an integer of at least 0.")
    return value


def _literal(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """Wraps `parse` for values in a document; errors have the location of the value."""

    def parse_literal(node: ValueNode, variables: Any = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from error

    return parse_literal


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


LEFT_TO_JSON = MappingProxyType({"DateTime": datetime, "Date": date})
"""Scalars whose values `json_bytes` writes as their `serialize` would, in a tenth of the time."""


def json_bytes(answer: Any) -> bytes:
    """The response as JSON; its values may be Python's dates and times."""
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time as text according to RFC 3339, such as `2026-01-31T12:00:00Z`. Input accepts "
        "any offset from UTC; fractions of a second are truncated to microseconds. Output is in UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_utc,
        parse_value=_date_time,
        parse_literal=_literal(_date_time),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date as text according to RFC 3339, such as `2026-01-31`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=_date,
        parse_literal=_literal(_date),
    ),
    Revision: strawberry.scalar(
        name="Revision",
        description="A position in the change log of a workspace, as an integer. The first change has revision 1, "
        "and there are no gaps.",
        serialize=int,
        parse_value=_revision,
        parse_literal=_literal(_revision),
    ),
}
