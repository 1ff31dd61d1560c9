"""Running prepared operations: the one place that knows how Strawberry's schema is executed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, Executor, GraphQLError, GraphQLSchema, OperationType
from graphql import execute as graphql_execute
from graphql.execution import create_source_event_stream, execute_subscription_event, map_source_to_response_event
from strawberry.execution import optimized_is_awaitable

from api.http.documents import Prepared
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


async def execute(
    schema: strawberry.Schema,
    prepared: Prepared,
    *,
    variables: Mapping[str, Any] | None,
    operation_name: str | None,
    context: ExecutionContext,
    hides_suggestions: bool = False,
) -> ExecutionResult:
    """The result of a query or mutation; everything it reads is read in one scope."""
    async with context.app.reads():
        try:
            # This is what strawberry.Schema.execute does after parsing and validating, without its extensions.
            result = graphql_execute(
                graphql_schema(schema),
                prepared.document,
                context_value=context,
                variable_values=dict(variables or {}),
                operation_name=operation_name,
                executor_class=schema.execution_context_class,
                is_awaitable=_is_awaitable,
                hide_suggestions=hides_suggestions,
                operation_extensions=None,
            )
            return await result if _is_awaitable(result) else cast("ExecutionResult", result)
        except GraphQLError as error:
            return ExecutionResult(None, [error])


async def subscribe(
    schema: strawberry.Schema,
    prepared: Prepared,
    *,
    variables: Mapping[str, Any] | None,
    operation_name: str | None,
    context: ExecutionContext,
    event_seconds: float,
    hides_suggestions: bool = False,
) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
    """The results of a subscription, each event resolved in a read scope of its own; or why there are none."""

    async def run_event(executor: Executor[Any]) -> ExecutionResult:
        context.loaders.clear()  # an event shows the present, not what was read for an earlier one
        try:
            async with asyncio.timeout(event_seconds), context.app.reads():
                result = execute_subscription_event(executor)
                return await result if _is_awaitable(result) else cast("ExecutionResult", result)
        except TimeoutError:
            return ExecutionResult(None, [timeout_error(event_seconds)])

    executor = schema.execution_context_class.build(
        graphql_schema(schema),
        prepared.document,
        context_value=context,
        raw_variable_values=dict(variables or {}),
        operation_name=operation_name,
        is_awaitable=_is_awaitable,
        hide_suggestions=hides_suggestions,
        operation_extensions=None,
    )
    if isinstance(executor, list):
        return ExecutionResult(None, errors=executor)
    if executor.operation.operation is not OperationType.SUBSCRIPTION:
        return ExecutionResult(None, [_not_a_subscription()])
    stream = create_source_event_stream(executor)
    source = await stream if _is_awaitable(stream) else stream
    if isinstance(source, ExecutionResult):
        return source
    return map_source_to_response_event(executor, cast("AsyncIterable[Any]", source), run_event)


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: then the answer has no `data` at all."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def timeout_error(seconds: float) -> GraphQLError:
    return GraphQLError(
        f"This took longer than {seconds:g} seconds.", extensions={"code": "TIMEOUT", "limitSeconds": seconds}
    )


def _not_a_subscription() -> GraphQLError:
    return GraphQLError("Only subscriptions run here.", extensions={"code": "NOT_A_SUBSCRIPTION"})
