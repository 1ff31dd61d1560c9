"""Equality of two executions, the criterion of the fuzzer.

`data` must be equal, with the order of keys and the types of values. Errors must be equal in message, path, locations,
extensions and the class of the exception, and in order. For asynchronous execution their order does not matter, and
neither does the choice among the errors at and below a position that is null in both; if both have an error of the
position itself, these must be equal.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

from strawberry_compiled.testing.fuzzing.running import Observed

# Executors may differ in the number of parents per call.
_COUNTS = re.compile(r"returned \d+ results for \d+ parents")

Known = tuple[str, tuple[str | int, ...], tuple[tuple[int, int], ...], str, str]
"""Message, path, locations, extensions and class of the original error."""


def difference(stock: Observed, compiled: Observed) -> str | None:
    """The first difference in one line; None for equal executions."""
    if stock.crash != compiled.crash:
        return f"crash: {compiled.crash or 'not compiled'}"
    if len(stock.results) != len(compiled.results):
        return f"{len(stock.results)} results, but {len(compiled.results)} compiled"
    is_async = stock.was_async or compiled.was_async
    for one, other in zip(stock.results, compiled.results, strict=True):
        found = result_difference(one, other, is_async=is_async)
        if found:
            return found
    return _conduct_difference(stock, compiled)


def result_difference(stock: ExecutionResult, compiled: ExecutionResult, *, is_async: bool) -> str | None:
    """The first difference of two answers in one line; None for equal answers."""
    if not _same(stock.data, compiled.data):
        return "data"
    if stock.extensions != compiled.extensions:
        return "extensions"
    ours, theirs = known_errors(compiled.errors), known_errors(stock.errors)
    if ours == theirs:
        return None
    return _choice_difference(stock.data, theirs, ours) if is_async else "errors, or their order"


def _conduct_difference(stock: Observed, compiled: Observed) -> str | None:
    """The first difference that is invisible to clients, such as calls or open tasks."""
    if compiled.ledger.misuses:
        return f"rows: {compiled.ledger.misuses[0]}"
    if stock.ledger.changes != compiled.ledger.changes:
        return "what mutations did, or in which order"
    if not _errors(stock) and stock.ledger.calls != compiled.ledger.calls:
        missing, more = stock.ledger.calls - compiled.ledger.calls, compiled.ledger.calls - stock.ledger.calls
        return f"calls: {list(missing.items())[:2]} are missing, {list(more.items())[:2]} are too many"
    overlaps = stock.ledger.overlaps or compiled.ledger.overlaps
    if compiled.ledger.loaded_again and not stock.ledger.loaded_again and not overlaps:
        return f"loaded twice: {compiled.ledger.loaded_again[:3]}"
    # After an error, the turns of the event loop decide which abandoned work has begun or ended.
    if not (_errors(stock) and _errors(compiled)):
        if compiled.never_awaited and not stock.never_awaited:
            return f"{compiled.never_awaited} coroutines never awaited"
        if compiled.tasks_left and not stock.tasks_left:
            return f"{compiled.tasks_left} tasks left running"
    if compiled.tasks_stuck and not stock.tasks_stuck:
        return f"{compiled.tasks_stuck} tasks that do not end"
    if compiled.ledger.open_streams > stock.ledger.open_streams:
        return f"{compiled.ledger.open_streams} asynchronous generators left open"
    return None


def _errors(observed: Observed) -> list[GraphQLError]:
    return [error for result in observed.results for error in result.errors or ()]


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, str | int):
        return bool(one == other)
    # Compare by repr, because NaN is not equal to itself, and scalars may return any value.
    return repr(one) == repr(other)


def known_errors(errors: Iterable[GraphQLError] | None) -> list[Known]:
    return [
        (
            _COUNTS.sub("returned … results for … parents", error.message),
            tuple(error.path or ()),
            tuple((location.line, location.column) for location in error.locations or ()),
            repr(error.extensions),
            type(error.original_error).__name__,
        )
        for error in errors or ()
    ]


def _choice_difference(data: Any, stock: Sequence[Known], compiled: Sequence[Known]) -> str | None:
    ours, theirs = _by_null(data, compiled), _by_null(data, stock)
    for position in (*theirs, *ours):
        mine, its = Counter(ours[position]), Counter(theirs[position])
        if mine == its:
            continue
        if position is None:
            return "errors outside of what is null"
        if not mine or not its:
            return f"errors: none at all under {list(position)} on one side"
        at_null = ([error for error in errors if error[1] == position] for errors in (mine, its))
        if _contradict(*at_null):
            return f"the error of {list(position)} itself"
    return None


def _contradict(ours: Sequence[Known], theirs: Sequence[Known]) -> bool:
    """Whether both have an error of the position itself, and different ones."""
    return bool(ours and theirs and ours != theirs)


def _by_null(data: Any, errors: Sequence[Known]) -> defaultdict[Any, list[Known]]:
    """Errors by the highest null position above them, or by None."""
    found: defaultdict[Any, list[Known]] = defaultdict(list)
    for error in errors:
        found[_null_above(data, error[1])].append(error)
    return found


def _null_above(data: Any, path: Sequence[str | int]) -> tuple[str | int, ...] | None:
    node = data
    for length, key in enumerate((*path, None)):
        if node is None:
            return tuple(path[:length])
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return None
    return None
