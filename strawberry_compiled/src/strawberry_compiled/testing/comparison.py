"""Comparison of two executions of one operation, as far as the GraphQL specification lets clients see a difference."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import ExecutionResult, GraphQLError

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first differing position, and the kind of difference. It has no values, so it can be logged."""

    path: Path
    kind: str


def difference(one: ExecutionResult, other: ExecutionResult) -> Difference | None:
    """The first difference in `data`, including the order of keys and types of values, or in the errors.

    Errors are equal in message, path, locations, extensions and the class of the exception; their order does not
    matter. Below a position that is null in both answers, siblings may have failed first or have been canceled: both
    sides need some error there, and equal ones if both have an error of the position itself.
    """
    found = _data_difference(one.data, other.data, ())
    if found is not None:
        return found
    if not one.errors and not other.errors:
        return None
    return _error_difference(one.data, one.errors or (), other.errors or ())


def _data_difference(one: Any, other: Any, path: Path) -> Difference | None:
    if type(one) is not type(other):
        return Difference(path, "null on one side" if one is None or other is None else "type")
    if isinstance(one, dict):
        return _object_difference(one, other, path)
    if isinstance(one, list):
        if len(one) != len(other):
            return Difference(path, "length of the list")
        pairs = enumerate(zip(one, other, strict=True))
        inner = (_data_difference(mine, its, (*path, index)) for index, (mine, its) in pairs)
        return next(filter(None, inner), None)
    return None if one == other else Difference(path, "value")


def _object_difference(one: Mapping[str, Any], other: Mapping[str, Any], path: Path) -> Difference | None:
    if one.keys() != other.keys():
        return Difference(path, "keys")
    if list(one) != list(other):
        return Difference(path, "order of keys")
    inner = (_data_difference(value, other[key], (*path, key)) for key, value in one.items())
    return next(filter(None, inner), None)


_Known: TypeAlias = tuple[str, Path, tuple[tuple[int, int], ...], str, str]


def _known(error: GraphQLError) -> _Known:
    return (
        error.message,
        tuple(error.path or ()),
        tuple((location.line, location.column) for location in error.locations or ()),
        repr(error.extensions),
        type(error.original_error).__name__,
    )


def _error_difference(data: Any, one: Iterable[GraphQLError], other: Iterable[GraphQLError]) -> Difference | None:
    """The first difference in errors, for equal `data`, which has the same null positions on both sides."""
    mine, its = _by_null(data, one), _by_null(data, other)
    for null in (*mine, *its):
        ours, theirs = Counter(mine.get(null, ())), Counter(its.get(null, ()))
        if ours == theirs:
            continue
        more = next(iter((ours - theirs) or (theirs - ours)))
        if null is None:
            return Difference(more[1], "error")
        if not ours or not theirs:
            return Difference(null, "error on one side")
        own, other_own = ([error for error in errors if error[1] == null] for errors in (ours, theirs))
        if own and other_own and own != other_own:
            return Difference(null, "error")
    return None


def _by_null(data: Any, errors: Iterable[GraphQLError]) -> Mapping[Path | None, list[_Known]]:
    """Errors by the highest null position above them, or by None."""
    found: defaultdict[Path | None, list[_Known]] = defaultdict(list)
    for error in errors:
        known = _known(error)
        found[_null_above(data, known[1])].append(known)
    return found


def _null_above(data: Any, path: Sequence[str | int]) -> Path | None:
    if not path:
        return None  # a request error, without data
    node = data
    for length, key in enumerate(path):
        if node is None:
            return tuple(path[:length])
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tuple(path) if node is None else None
