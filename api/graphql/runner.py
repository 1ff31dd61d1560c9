"""Execution of prepared operations, with Strawberry's schema behind it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, Executor, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import create_source_event_stream, execute_subscription_event, map_source_to_response_event
from strawberry.execution import optimized_is_awaitable

from api.graphql.counts import ExecutionCounts
from api.graphql.documents import Operation, Prepared
from api.graphql.executors import ExecutorParts
from api.graphql.options import ExecutionOptions
from api.graphql.plan_compiler import PlanCompiler
from api.graphql.row_types import row_types
from api.graphql.shadow import Shadow
from api.shared.context import Context
from api.shared.operation_trace import OperationTrace
from api.shared.scalars import LEFT_TO_JSON
from strawberry_compiled import (
    CompiledExecutor,
    CompiledOperation,
    IncompatibleStrawberry,
    NotCompilable,
    NotCompiledYet,
    check_strawberry,
)

FIRST_SIGHT = "first sight"
SWITCHED_OFF = "switched off"

_is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema behind a Strawberry schema."""
    return schema._schema  # noqa: SLF001  Strawberry offers no other way


class _CountedExecutor(CompiledExecutor):
    """Compiled executor with this project's guarantees; counts what falls back to graphql-core."""

    awaits_one_by_one = True  # all reads of a request use one connection
    shares_arguments = True
    counts: ExecutionCounts
    fallback: str | None = None  # reason of the last fallback

    def note_fallback(self, reason: NotCompilable) -> None:
        self.fallback = str(reason)
        if not isinstance(reason, NotCompiledYet):
            name = self.operation.name
            self.counts.note_fallback(str(reason), name.value if name else None)
        if self.plan is None:
            self.counts.stock[str(reason)] += 1


class OperationRunner:
    """Runs operations on one schema: new ones in graphql-core, repeated ones compiled.

    The second run of an operation has it compiled in the background; runs are in graphql-core until that is done.

    `counts` has the number of runs by executor. Fallbacks of the compiled executor are logged at INFO with the
    operation's name and the reason: the 1st, 10th, 100th and so on for each reason, so that clients cannot flood the
    log. Introspection always runs in graphql-core, which is logged at DEBUG only.
    """

    def __init__(self, schema: strawberry.Schema, options: ExecutionOptions, *, hides_suggestions: bool) -> None:
        if options.is_compiled:
            _check_strawberry()
        self._schema = schema
        self._core_schema = graphql_schema(schema)
        self._row_types = row_types(self._core_schema)
        self._options = options
        self._hides_suggestions = hides_suggestions
        self.counts = ExecutionCounts()
        self.shadow = Shadow(options.shadow_one_in, self.counts)
        self._compiler = PlanCompiler(self.counts)

    async def close(self) -> None:
        """Cancels shadow runs and compilations in the background."""
        await self.shadow.close()
        await self._compiler.close()

    async def settle_compilations(self) -> None:
        """Waits until no operation waits for its compilation."""
        await self._compiler.settle()

    async def execute(
        self,
        prepared: Prepared,
        operation: Operation,
        *,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> ExecutionResult:
        """The result of a query or mutation; all reads share one read scope."""
        executor = self._executor(self._class_for(operation), prepared, operation, variables, context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        try:
            # A mutation must not decide by what was true a moment ago.
            is_current = operation.type is not OperationType.QUERY
            async with context.app.reads(is_current=is_current) as tally:
                try:
                    result = await _settled(executor.execute_operation())
                finally:
                    context.rows_read += tally.rows_read
        finally:
            _note_growth(prepared, operation)
        is_compiled = self._count(executor)
        if context.trace is not None:
            self._note_execution(context.trace, executor)
        # Queries only: a second run of a mutation would change data again.
        if is_compiled and operation.type is OperationType.QUERY and self.shadow.is_due():
            self._shadow(prepared, operation, variables, context, result)
        return result

    async def subscribe(
        self,
        prepared: Prepared,
        operation: Operation,
        *,
        variables: Mapping[str, Any] | None,
        context: Context,
        event_seconds: float,
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """The results of a subscription, each event in a read scope of its own; or the errors that prevent it."""

        async def run_event(executor: Executor[Any]) -> ExecutionResult:
            context.loaders.clear()  # drop what was loaded for an earlier event: each event shows current data
            try:
                async with asyncio.timeout(event_seconds), context.app.reads(is_current=True) as tally:
                    try:
                        result = await _settled(execute_subscription_event(executor))
                    finally:
                        context.rows_read += tally.rows_read
            except TimeoutError:
                return ExecutionResult(None, [timeout_error(event_seconds)])
            finally:
                _note_growth(prepared, operation)
            self._count(executor)
            return result

        if operation.type is not OperationType.SUBSCRIPTION:
            return ExecutionResult(None, [_not_a_subscription()])
        executor = self._executor(self._class_for(operation), prepared, operation, variables, context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        stream = create_source_event_stream(executor)
        source = await stream if _is_awaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            return source
        return map_source_to_response_event(executor, cast("AsyncIterable[Any]", source), run_event)

    def _class_for(self, operation: Operation) -> type[Executor[Any]]:
        """The executor class for this run of the operation."""
        operation.runs += 1
        is_known = operation.runs > self._options.stock_runs
        return _CountedExecutor if is_known and self._options.is_compiled else self._schema.execution_context_class

    def _count(self, executor: Executor[Any]) -> bool:
        """Counts a finished run; returns whether it was compiled."""
        if not isinstance(executor, _CountedExecutor):
            self.counts.stock[FIRST_SIGHT if self._options.is_compiled else SWITCHED_OFF] += 1
            return False
        if executor.plan is None:
            return False
        self.counts.compiled += 1
        return True

    def _note_execution(self, trace: OperationTrace, executor: Executor[Any]) -> None:
        if isinstance(executor, _CountedExecutor):
            trace.note_execution(reason=executor.fallback, plan=executor.plan.source if executor.plan else None)
        else:
            trace.note_execution(reason=FIRST_SIGHT if self._options.is_compiled else SWITCHED_OFF, plan=None)

    def _executor(
        self,
        executor_class: type[Executor[Any]],
        prepared: Prepared,
        operation: Operation,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> Executor[Any] | list[GraphQLError]:
        """Executor for one run of the operation, or the errors of its variables."""
        # The same steps as strawberry.Schema.execute after parsing and validation, without its extensions.
        options: dict[str, Any] = {
            "is_awaitable": _is_awaitable,
            "hide_suggestions": self._hides_suggestions,
            "operation_extensions": None,
        }
        executor: Executor[Any] | list[GraphQLError] | None = None
        if issubclass(executor_class, _CountedExecutor):
            parts = self._parts(prepared, operation)
            executor = parts.executor(executor_class, variables or {}, context, **options)
        if executor is None:
            executor = executor_class.build(
                self._core_schema,
                prepared.document,
                context_value=context,
                raw_variable_values=dict(variables or {}),
                operation_name=operation.name,
                **options,
            )
        if isinstance(executor, _CountedExecutor):
            executor.compiled = operation.compiled or self._compiled(prepared, operation, executor)
            executor.counts = self.counts
        return executor

    def _parts(self, prepared: Prepared, operation: Operation) -> ExecutorParts:
        if operation.parts is None:
            operation.parts = ExecutorParts.of(self._core_schema, prepared.document, operation.node)
        return operation.parts

    def _compiled(self, prepared: Prepared, operation: Operation, executor: Executor[Any]) -> CompiledOperation:
        compiles_at_once = self._options.stock_runs == 0
        operation.compiled = CompiledOperation(
            self._core_schema,
            operation.node,
            executor.fragments,
            LEFT_TO_JSON,
            self._row_types,
            None if compiles_at_once else partial(self._compiler.submit, prepared.has_grown),
        )
        return operation.compiled

    def _shadow(
        self,
        prepared: Prepared,
        operation: Operation,
        variables: Mapping[str, Any] | None,
        context: Context,
        answer: ExecutionResult,
    ) -> None:
        async def again(executor_class: type[Executor[Any]]) -> ExecutionResult:
            fresh = replace(context, loaders={})
            executor = self._executor(executor_class, prepared, operation, variables, fresh)
            if isinstance(executor, list):
                return ExecutionResult(None, executor)
            async with fresh.app.reads():
                return await _settled(executor.execute_operation())

        stock = self._schema.execution_context_class
        self.shadow.start(
            operation.name, answer, compiled=partial(again, _CountedExecutor), stock=partial(again, stock)
        )


def _check_strawberry() -> None:
    try:
        check_strawberry()
    except IncompatibleStrawberry as error:
        raise IncompatibleStrawberry(f"{error} Set WORKGRAPH_EXECUTION=stock to run without compilation.") from error


def _note_growth(prepared: Prepared, operation: Operation) -> None:
    """Updates the size of the cached document, because plans may be compiled while operations run."""
    if operation.compiled is not None and operation.compiled.size != operation.plan_bytes:
        prepared.has_grown()


async def _settled(result: Any) -> ExecutionResult:
    return cast("ExecutionResult", await result if _is_awaitable(result) else result)


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed, so that the response has no `data` (GraphQL specification, "Response")."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def timeout_error(seconds: float) -> GraphQLError:
    return GraphQLError(
        f"The operation took longer than {seconds:g} seconds. Request less, or retry the request.",
        extensions={"code": "TIMEOUT", "limitSeconds": seconds},
    )


def _not_a_subscription() -> GraphQLError:
    return GraphQLError("Only subscriptions can be run over this transport.", extensions={"code": "NOT_A_SUBSCRIPTION"})
