"""Code that converts a leaf's Python value to JSON: a test of the exact type, if that proves the value valid."""

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLOutputType,
    is_enum_type,
    is_leaf_type,
    is_non_null_type,
    is_scalar_type,
    specified_scalar_types,
)

from strawberry_compiled.rows import Column
from strawberry_compiled.strawberry_internals import enum_names, writes_as_text

SETTLED: frozenset[type] = frozenset({str, int, float, bool, bytes, list, tuple, dict})
"""Result types of scalars that need no check: neither null nor awaitable."""
PLAIN: frozenset[type] = SETTLED | {dt.datetime, dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID}
"""Types of Python values that are never null, awaitable or an exception."""

# Condition that proves a value of a built-in scalar valid (specification, section 3.5); {0} is the value.
_IS_VALID: Mapping[str, str] = {
    "String": "type({0}) is str",
    "ID": "type({0}) is str",
    "Boolean": "type({0}) is bool",
    "Int": "type({0}) is int and -2147483648 <= {0} <= 2147483647",
    "Float": "type({0}) is float and {0} - {0} == 0.0",  # neither infinite nor NaN
}

_COLUMN_TYPES: Mapping[str, type] = {"String": str, "ID": str, "Boolean": bool, "Int": int}
"""Types of columns that prove a value of a built-in scalar valid; a Float can be infinite or NaN."""


_NO_TYPES: frozenset[type] = frozenset()
_PLAIN_TYPES: Mapping[tuple[type, bool], frozenset[type]] = {
    (each, is_nullable): frozenset({each, NoneType} if is_nullable else {each})
    for each in (str, bool, int)
    for is_nullable in (False, True)
}
"""Results of `plain_types` by type of the column and nullability, shared by all plans."""


def nullable(type_: GraphQLOutputType) -> Any:
    """The type without the mark that excludes null."""
    return type_.of_type if is_non_null_type(type_) else type_


@dataclass(frozen=True, slots=True)
class Proof:
    """The step from a column that proves a leaf valid to the leaf: look up, convert, or leave the value as it is."""

    names: Mapping[Any, Any] | None = None
    convert: Callable[[Any], str] | None = None


UNCHANGED = Proof()


def proof(type_: GraphQLLeafType, column: Column, left: Mapping[str, type]) -> Proof | None:
    """The step from values of the column to the leaf; None if the column does not prove that they are valid."""
    if specified_scalar_types.get(type_.name) is type_:
        return UNCHANGED if _COLUMN_TYPES.get(type_.name) is column.type else None
    if is_enum_type(type_):
        return _enum_proof(type_, column)
    if type_.name in left:
        return UNCHANGED if left[type_.name] is column.type else None
    if is_scalar_type(type_) and writes_as_text(type_, column.type):
        return Proof(convert=type_.coerce_output_value)
    return None


def plain_types(type_: GraphQLOutputType) -> frozenset[type]:
    """Python types whose values `are_plain` proves valid as they are; empty if there are none."""
    is_nullable = not is_non_null_type(type_)
    bare = nullable(type_)
    found = _COLUMN_TYPES.get(bare.name) if is_leaf_type(bare) else None
    if found is None or specified_scalar_types[bare.name] is not bare or (found is int and is_nullable):
        return _NO_TYPES
    return _PLAIN_TYPES[found, is_nullable]


def are_plain(values: Sequence[Any], types: frozenset[type]) -> bool:
    """Whether all values have one of these types, and fit into 32 bits if that is `int`."""
    if not types.issuperset(map(type, values)):
        return False
    return int not in types or not values or (min(values) >= -(2**31) and max(values) < 2**31)


def _enum_proof(type_: GraphQLEnumType, column: Column) -> Proof | None:
    names = _enum_names(type_)
    if names is None or column.members is None:
        return None
    if any(type(member) is not type_.wrapped_cls for member in column.members.values()):  # type: ignore[attr-defined]  # an enum's type has one
        return None
    found = {value: names[member._name_] for value, member in column.members.items()}
    return Proof(names={**found, None: None} if column.is_nullable else found)


def leaf_lines(
    type_: GraphQLLeafType,
    value: str,
    *,
    left: Mapping[str, type],
    constant: Callable[[str, Any], str],
    otherwise: str,
) -> list[str]:
    """Lines that replace the variable `value` by its JSON, or run `otherwise`.

    `left` are the Python types that the JSON writer handles, by scalar. `constant` makes an object available to the
    generated code, under a name with the given end.
    """
    if specified_scalar_types.get(type_.name) is type_:
        return [f"if not ({_IS_VALID[type_.name].format(value)}):", f"    {otherwise}"]
    names = _enum_names(type_) if is_enum_type(type_) else None
    if names is not None:
        members, by_name = constant(type_.name, type_.wrapped_cls), constant(f"{type_.name}_names", names)  # type: ignore[union-attr]  # an enum's type has one
        return [
            f"if type({value}) is {members}:",
            f"    {value} = {by_name}[{value}._name_]",
            "else:",
            f"    {otherwise}",
        ]
    if type_.name in left:
        python_type = left[type_.name]
        is_left = f"type({value}) is {constant(type_.name, python_type)}"
        if issubclass(python_type, dt.datetime):
            is_left += f" and {value}.tzinfo is {constant('UTC', dt.UTC)}"
        return [f"if not ({is_left}):", f"    {otherwise}"]
    coerce = constant(f"{type_.name}_out", type_.coerce_output_value)
    return [
        f"coerced = {coerce}({value}) if type({value}) in PLAIN else None",
        "if type(coerced) in SETTLED:",
        f"    {value} = coerced",
        "else:",
        f"    {otherwise}",
    ]


def _enum_names(type_: GraphQLEnumType) -> Mapping[str, str] | None:
    """GraphQL names of a Python enum's members; None if the values are not such members."""
    members = getattr(type_, "wrapped_cls", None)
    if not (isinstance(members, type) and issubclass(members, enum.Enum)) or issubclass(members, enum.Flag):
        return None  # combined flags are values without a member
    names = enum_names(members, type_.coerce_output_value)
    return names if len(names) == len(members) else None
