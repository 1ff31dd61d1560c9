"""Execution of one operation under one executor, and all its effects that are visible from outside."""

import asyncio
import copy
import gc
import inspect
import warnings
from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from graphql import DocumentNode, ExecutionResult, Executor, FieldNode, GraphQLError, OperationType, Visitor, visit
from graphql import execute as graphql_execute
from graphql.execution import create_source_event_stream, execute_subscription_event, map_source_to_response_event
from strawberry.execution import optimized_is_awaitable

from strawberry_compiled import fallbacks
from strawberry_compiled.testing.fuzzing.behavior import Ledger
from strawberry_compiled.testing.fuzzing.context import Context, World
from strawberry_compiled.testing.fuzzing.data import Data
from strawberry_compiled.testing.fuzzing.operations import Operation
from strawberry_compiled.testing.fuzzing.schemas import GeneratedSchema

MOST_TURNS = 60
"""Turns of the event loop after which all abandoned work must have ended."""

SECONDS = 20
"""Time limit of an operation."""

is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)
ExecutorClass = type[Executor[Any]]


@dataclass(slots=True, kw_only=True)
class Observed:
    """Observations of a run."""

    results: list[ExecutionResult]
    """Results: one, or one for each event of a subscription."""
    crash: str
    """Exception that the executor raised; empty without one."""
    was_async: bool
    """Whether anything was awaited, or might have been."""
    ledger: Ledger
    never_awaited: int
    tasks_left: int
    """Number of tasks that were not done when the result was available."""
    tasks_stuck: int
    fallbacks: Counter[str]


def field_names(document: DocumentNode) -> frozenset[str]:
    names: set[str] = set()

    class Names(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            names.add(node.name.value)

    visit(document, Names())
    return frozenset(names)


def _root_and_context(
    schema: GeneratedSchema, operation: Operation, world: World, ledger: Ledger
) -> tuple[Any, Context]:
    data = Data(schema, world.seed, world.chances, names=world.names, ledger=ledger)
    root = data.root("Mutation" if operation.kind is OperationType.MUTATION else "Query")
    is_subscription = operation.kind is OperationType.SUBSCRIPTION
    context = Context(
        ledger=ledger,
        entities=data.entities(),
        events=data.events(schema.shape.subscription.fields) if is_subscription else {},
        world=world,
        schema=schema,
        needed=schema.shape.needed(world.names),
        takes_rows=operation.kind is OperationType.QUERY,
    )
    return root, context


@contextmanager
def without_collections() -> Iterator[None]:
    """No garbage is collected meanwhile, except by calls of `gc.collect`."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def run(
    schema: GeneratedSchema, executor_class: ExecutorClass, document: DocumentNode, operation: Operation, world: World
) -> Observed:
    """Runs the operation on new data, and waits until all tasks have ended."""
    ledger = Ledger()
    ledger.has_faults = bool(world.chances.faults or world.chances.batch_faults)
    root, context = _root_and_context(schema, operation, world, ledger)
    execute = _subscribe if operation.kind is OperationType.SUBSCRIPTION else _execute
    before, fallbacks_before = asyncio.all_tasks(), Counter(fallbacks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect(1)  # keeps objects that are older than this run out of the next one
    with without_collections(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # A separate task drops all references when it is done.
        executing = asyncio.create_task(execute(schema, executor_class, document, operation, root, context))
        crash = ""
        try:
            results, was_async = await asyncio.wait_for(executing, SECONDS)
        except Exception as raised:  # noqa: BLE001  executors report failures, and raise none
            results, was_async, crash = [], True, f"{type(raised).__name__}: {raised}"
        del executing
        left, stuck = await _other_tasks(before)
        never_awaited = ledger.never_awaited()
        for error in (error for result in results for error in result.errors or ()):
            _forget_frames(error)
        del root, context
        gc.collect(1)
    _close(caught)
    return Observed(
        results=results,
        crash=crash,
        was_async=was_async or any(schema.shape.waits(*field) for field in operation.selected),
        ledger=ledger,
        never_awaited=len(caught) + never_awaited,
        tasks_left=left,
        tasks_stuck=stuck,
        fallbacks=Counter(fallbacks) - fallbacks_before,
    )


async def _other_tasks(before: set[asyncio.Task[Any]]) -> tuple[int, int]:
    """Number of new tasks, now and after they have had time to end."""
    left = len(asyncio.all_tasks() - before)
    quiet_turns = 0
    for _ in range(MOST_TURNS):
        quiet_turns = quiet_turns + 1 if asyncio.all_tasks() <= before else 0
        if quiet_turns == 3:  # callbacks of the last tasks hold references, and may start further tasks
            break
        await asyncio.sleep(0)
    return left, len(asyncio.all_tasks() - before)


def _close(caught: Sequence[warnings.WarningMessage]) -> None:
    """Closes coroutines that were never awaited; otherwise Python warns again when the warnings are freed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of coroutines inside these
        for warning in caught:
            if "never awaited" not in str(warning.message):
                raise AssertionError(f"An unexpected warning: {warning.message}")
            assert inspect.iscoroutine(warning.source)
            warning.source.close()
            warning.source = None
        gc.collect(1)


def _forget_frames(error: BaseException | None) -> None:
    """Clears the frames of tracebacks, which hold coroutines that were not awaited."""
    waiting, seen = [error], set()
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        error.__traceback__ = None
        waiting += [error.__cause__, error.__context__, getattr(error, "original_error", None)]


async def _execute(
    schema: GeneratedSchema,
    executor_class: ExecutorClass,
    document: DocumentNode,
    operation: Operation,
    root: Any,
    context: Context,
) -> tuple[list[ExecutionResult], bool]:
    try:
        result = graphql_execute(
            schema.core,
            document,
            root_value=root,
            context_value=context,
            variable_values=copy.deepcopy(dict(operation.variables)),
            operation_name=operation.name,
            executor_class=executor_class,
            is_awaitable=is_awaitable,
            operation_extensions=None,
        )
    except GraphQLError as error:
        return [ExecutionResult(None, [error])], False
    if is_awaitable(result):
        return [cast("ExecutionResult", await result)], True
    return [cast("ExecutionResult", result)], False


async def _subscribe(
    schema: GeneratedSchema,
    executor_class: ExecutorClass,
    document: DocumentNode,
    operation: Operation,
    root: Any,
    context: Context,
) -> tuple[list[ExecutionResult], bool]:
    was_async = False
    before = asyncio.all_tasks()

    async def run_event(executor: Executor[Any]) -> ExecutionResult:
        nonlocal was_async
        context.loaders.clear()
        context.ledger.loaded.clear()
        context.ledger.overlaps |= not asyncio.all_tasks() <= before
        result = execute_subscription_event(executor)
        if is_awaitable(result):
            was_async = True
            return cast("ExecutionResult", await result)
        return cast("ExecutionResult", result)

    executor = executor_class.build(
        schema.core,
        document,
        root_value=root,
        context_value=context,
        raw_variable_values=copy.deepcopy(dict(operation.variables)),
        operation_name=operation.name,
        is_awaitable=is_awaitable,
        operation_extensions=None,
    )
    if isinstance(executor, list):
        return [ExecutionResult(None, executor)], False
    stream = create_source_event_stream(executor)
    source = await stream if is_awaitable(stream) else stream
    if isinstance(source, ExecutionResult):
        return [source], False
    events = map_source_to_response_event(executor, cast("AsyncIterable[Any]", source), run_event)
    return await _all_results(events), was_async


async def _all_results(events: AsyncIterable[ExecutionResult]) -> list[ExecutionResult]:
    """Results of all events; a failure of their source is the last result."""
    results: list[ExecutionResult] = []
    try:
        async for result in events:
            results.append(result)  # noqa: PERF401  results before a failure are kept
    except GraphQLError as error:
        results.append(ExecutionResult(None, [error]))
    except Exception as error:  # noqa: BLE001  the source failed in the midst of its events
        results.append(ExecutionResult(None, [GraphQLError(f"{type(error).__name__}: {error}")]))
    return results
