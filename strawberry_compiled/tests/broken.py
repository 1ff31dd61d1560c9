"""Executors that are wrong in one way each, to show that the fuzzer would see it. They know nothing of compilation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.language import SourceLocation
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry_compiled.testing.fuzzing.behavior import turns
from strawberry_compiled.testing.fuzzing.running import is_awaitable

from strawberry_compiled import fallbacks


class _Changed(StrawberryGraphQLCoreExecutionContext):
    """Changes results."""

    @staticmethod
    def change(result: ExecutionResult) -> None:
        raise NotImplementedError

    def execute_operation(self, serially: bool | None = None) -> Any:
        result: Any = super().execute_operation(serially)
        if is_awaitable(result):
            return self._later(result)
        self.change(result)
        return result

    async def _later(self, awaited: Awaitable[Any]) -> Any:
        result = await awaited
        self.change(result)
        return result


class DropsAnError(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        if result.errors:
            result.errors.pop()


class AddsAnError(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        if result.errors:
            result.errors.append(result.errors[0])


class MixesUpErrors(_Changed):
    """Reverses the errors of synchronous operations; their order is free only if something is awaited."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        result: Any = super().execute_operation(serially)
        if not is_awaitable(result) and result.errors:
            result.errors.reverse()
        return result


class RewordsErrors(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        for error in result.errors or ():
            error.message += "!"


class MisplacesErrors(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        for error in result.errors or ():
            error.path = (error.path or [])[:-1] or None


class ForgetsLocations(_Changed):
    """Reports only the first location of an error in merged fields."""

    @staticmethod
    def change(result: ExecutionResult) -> None:
        for error in result.errors or ():
            error.locations = (error.locations or [SourceLocation(1, 1)])[:1]


class DropsExtensions(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        for error in result.errors or ():
            error.extensions = {}


class ForgetsCauses(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        result.errors = [
            GraphQLError(error.message, error.nodes, path=error.path, extensions=error.extensions)
            for error in result.errors or ()
        ] or None


class ReordersKeys(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        _first(result.data, dict, lambda found: len(found) > 1, _reverse)


class DropsAKey(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        _first(result.data, dict, bool, lambda found: found.popitem())


class NullsAValue(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        _first(result.data, dict, bool, lambda found: found.update({next(iter(found)): None}))


class ShortensLists(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        _first(result.data, list, bool, lambda found: found.pop())


class TurnsNumbersToBooleans(_Changed):
    """Turns 0 and 1 into booleans, which are equal to them in Python."""

    @staticmethod
    def change(result: ExecutionResult) -> None:
        def turn(found: Any) -> None:
            for key, value in found.items():
                if type(value) is int and value in (0, 1):
                    found[key] = bool(value)

        for found in _all(result.data, dict):
            turn(found)


class NullsTooMuch(_Changed):
    @staticmethod
    def change(result: ExecutionResult) -> None:
        if result.errors:
            result.data = None


class ResolvesTwice(StrawberryGraphQLCoreExecutionContext):
    def execute_field(self, parent_type: Any, *rest: Any) -> Any:
        first = super().execute_field(parent_type, *rest)
        return first if is_awaitable(first) else super().execute_field(parent_type, *rest)


class RunsMutationsBackwards(StrawberryGraphQLCoreExecutionContext):
    def execute_fields_serially(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        backwards = dict(reversed(grouped_field_set.items()))
        result = super().execute_fields_serially(parent_type, source_value, path, backwards, position_context)

        async def later() -> dict[str, Any]:
            return in_order(await result)

        def in_order(data: dict[str, Any]) -> dict[str, Any]:
            return {key: data[key] for key in grouped_field_set if key in data}

        return later() if is_awaitable(result) else in_order(result)


class KeepsArguments(StrawberryGraphQLCoreExecutionContext):
    """Takes the variables of the first run of an operation for those of all runs."""

    _known: list[tuple[Any, Any]] = []

    def execute_operation(self, serially: bool | None = None) -> Any:
        for operation, variables in self._known:
            if operation is self.operation:
                self.variable_values = variables
                break
        else:
            self._known[:] = [*self._known[-20:], (self.operation, self.variable_values)]
        return super().execute_operation(serially)


class AwaitsTooLittle(StrawberryGraphQLCoreExecutionContext):
    def execute_operation(self, serially: bool | None = None) -> Any:
        turns(1)  # type: ignore[unused-coroutine]
        return super().execute_operation(serially)


class LeavesATask(StrawberryGraphQLCoreExecutionContext):
    _task: asyncio.Task[None]

    def execute_operation(self, serially: bool | None = None) -> Any:
        self._task = asyncio.get_running_loop().create_task(turns(20))
        return super().execute_operation(serially)


class FallsBack(StrawberryGraphQLCoreExecutionContext):
    def execute_operation(self, serially: bool | None = None) -> Any:
        fallbacks["laziness"] += 1
        return super().execute_operation(serially)


class Crashes(StrawberryGraphQLCoreExecutionContext):
    def execute_operation(self, serially: bool | None = None) -> Any:
        raise RuntimeError("I cannot go on.")


BROKEN = (
    DropsAnError,
    AddsAnError,
    MixesUpErrors,
    RewordsErrors,
    MisplacesErrors,
    ForgetsLocations,
    DropsExtensions,
    ForgetsCauses,
    ReordersKeys,
    DropsAKey,
    NullsAValue,
    ShortensLists,
    TurnsNumbersToBooleans,
    NullsTooMuch,
    ResolvesTwice,
    RunsMutationsBackwards,
    KeepsArguments,
    AwaitsTooLittle,
    LeavesATask,
    FallsBack,
    Crashes,
)


def _all(data: Any, kind: type) -> list[Any]:
    """All parts of the data that are of the kind."""
    found, waiting = [], [data]
    while waiting:
        each = waiting.pop()
        if isinstance(each, kind):
            found.append(each)
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def _first(data: Any, kind: type, fits: Callable[[Any], bool], change: Callable[[Any], Any]) -> None:
    for found in _all(data, kind):
        if fits(found):
            change(found)
            return


def _reverse(found: dict[str, Any]) -> None:
    items = list(found.items())
    found.clear()
    found.update(reversed(items))
