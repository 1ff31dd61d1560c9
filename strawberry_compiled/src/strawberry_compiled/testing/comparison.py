"""Whether two executions of one operation gave the same answer, as the GraphQL specification lets clients see it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import ExecutionResult, GraphQLError

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first position that differs, and in what: never a value, so that it may be logged."""

    path: Path
    kind: str


def difference(one: ExecutionResult, other: ExecutionResult) -> Difference | None:
    """The first difference in `data`, with the order of its keys and the types of its values, or in the errors.

    Errors are equal in message, path, locations, extensions and the class of what was raised; their order is free.
    Under a position that is null in both, siblings may have failed first or have been given up: some error must be
    there on both sides, and if it is the position's own on both, the same.
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
    """As `data` is the same on both sides, so are the positions that are null."""
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
    """Errors by the highest position above them that is null, or by None."""
    found: defaultdict[Path | None, list[_Known]] = defaultdict(list)
    for error in errors:
        known = _known(error)
        found[_null_above(data, known[1])].append(known)
    return found


def _null_above(data: Any, path: Sequence[str | int]) -> Path | None:
    if not path:
        return None  # a request error: there is no data because of it
    node = data
    for length, key in enumerate(path):
        if node is None:
            return tuple(path[:length])
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tuple(path) if node is None else None
