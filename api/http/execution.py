"""Running prepared operations: the one place that knows how Strawberry's schema is executed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, Executor, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import create_source_event_stream, execute_subscription_event, map_source_to_response_event
from strawberry.execution import optimized_is_awaitable

from api.execution import CompiledExecutor, CompiledOperation, check_strawberry
from api.http.documents import Operation, Prepared
from api.http.options import ExecutionOptions
from domain.shared.uow import ReadScope

_is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


class _App(Protocol):
    @property
    def reads(self) -> ReadScope: ...


class ExecutionContext(Protocol):
    """What execution itself needs of the context that resolvers get."""

    @property
    def app(self) -> _App: ...

    @property
    def loaders(self) -> dict[Any, Any]: ...


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema behind a Strawberry schema."""
    return schema._schema  # noqa: SLF001  Strawberry offers no other way


class OperationRunner:
    """Runs operations on one schema: in graphql-core when they are new, compiled when they are known."""

    def __init__(self, schema: strawberry.Schema, options: ExecutionOptions, *, hides_suggestions: bool) -> None:
        if options.is_compiled:
            check_strawberry()
        self._schema = schema
        self._core_schema = graphql_schema(schema)
        self._options = options
        self._hides_suggestions = hides_suggestions

    async def execute(
        self,
        prepared: Prepared,
        operation: Operation,
        *,
        variables: Mapping[str, Any] | None,
        context: ExecutionContext,
    ) -> ExecutionResult:
        """The result of a query or mutation; everything it reads is read in one scope."""
        async with context.app.reads():
            executor = self._executor(prepared, operation, variables, context)
            if isinstance(executor, list):
                return ExecutionResult(None, executor)
            return await _settled(executor.execute_operation())

    async def subscribe(
        self,
        prepared: Prepared,
        operation: Operation,
        *,
        variables: Mapping[str, Any] | None,
        context: ExecutionContext,
        event_seconds: float,
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """The results of a subscription, each event resolved in a read scope of its own; or why there are none."""

        async def run_event(executor: Executor[Any]) -> ExecutionResult:
            context.loaders.clear()  # an event shows the present, not what was read for an earlier one
            try:
                async with asyncio.timeout(event_seconds), context.app.reads():
                    return await _settled(execute_subscription_event(executor))
            except TimeoutError:
                return ExecutionResult(None, [timeout_error(event_seconds)])

        if operation.type is not OperationType.SUBSCRIPTION:
            return ExecutionResult(None, [_not_a_subscription()])
        executor = self._executor(prepared, operation, variables, context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        stream = create_source_event_stream(executor)
        source = await stream if _is_awaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            return source
        return map_source_to_response_event(executor, cast("AsyncIterable[Any]", source), run_event)

    def _executor(
        self,
        prepared: Prepared,
        operation: Operation,
        variables: Mapping[str, Any] | None,
        context: ExecutionContext,
    ) -> Executor[Any] | list[GraphQLError]:
        """What runs the operation once; the errors if its variables are wrong."""
        is_compiled = self._options.is_compiled and operation.runs >= self._options.stock_runs
        operation.runs += 1
        # This is what strawberry.Schema.execute does after parsing and validating, without its extensions.
        executor = (CompiledExecutor if is_compiled else self._schema.execution_context_class).build(
            self._core_schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(variables or {}),
            operation_name=operation.name,
            is_awaitable=_is_awaitable,
            hide_suggestions=self._hides_suggestions,
            operation_extensions=None,
        )
        if isinstance(executor, CompiledExecutor):
            if operation.compiled is None:
                operation.compiled = CompiledOperation(self._core_schema, operation.node, executor.fragments)
            executor.compiled = operation.compiled
        return executor


async def _settled(result: Any) -> ExecutionResult:
    return cast("ExecutionResult", await result if _is_awaitable(result) else result)


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: then the answer has no `data` at all."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def timeout_error(seconds: float) -> GraphQLError:
    return GraphQLError(
        f"This took longer than {seconds:g} seconds.", extensions={"code": "TIMEOUT", "limitSeconds": seconds}
    )


def _not_a_subscription() -> GraphQLError:
    return GraphQLError("Only subscriptions run here.", extensions={"code": "NOT_A_SUBSCRIPTION"})
