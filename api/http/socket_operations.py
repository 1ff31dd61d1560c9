"""GraphQL operations as sockets run them: queries once, subscriptions once per event."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from api.http.documents import DocumentCache, DocumentRefused, Operation, Prepared
from api.http.execution import OperationRunner, is_request_error, timeout_error
from api.http.limits import check_variables
from api.http.masking import format_errors
from api.http.options import HttpOptions
from api.http.socket_protocol import Subscribe
from api.http.socket_session import OperationFailed
from api.shared.context import Context

Response = Mapping[str, Any]


class GraphQLOperations:
    """Runs what sockets ask for, under the same limits and with the same errors as HTTP; no mutations."""

    def __init__(self, runner: OperationRunner, documents: DocumentCache, options: HttpOptions) -> None:
        self._runner = runner
        self._documents = documents
        self._limits = options.limits
        self._seconds = options.request_seconds

    async def run(self, request: Subscribe, context: Context) -> AsyncGenerator[Response, None]:
        """The operation's results, one per event; raises OperationFailed when it cannot start or go on."""
        try:
            prepared, operation = self._prepare(request)
        except DocumentRefused as refused:
            raise OperationFailed(format_errors(refused.errors)) from refused
        if operation.type is OperationType.QUERY:
            yield await self._query(request, prepared, operation, context)
            return
        opened = await self._runner.subscribe(
            prepared, operation, variables=request.variables, context=context, event_seconds=self._seconds
        )
        if isinstance(opened, ExecutionResult):
            raise OperationFailed(format_errors(opened.errors or ()))
        async with aclosing(opened) as results:
            while True:
                try:
                    result = await anext(results, None)
                except Exception as error:  # whatever breaks the stream, its reader is told
                    raise OperationFailed(format_errors([_located(error, operation)])) from error
                if result is None:
                    return
                yield _response(result)

    def _prepare(self, request: Subscribe) -> tuple[Prepared, Operation]:
        prepared = self._documents.prepare(request.query)
        operation = prepared.operation(request.operation_name)
        if operation.type is OperationType.MUTATION:
            message = "Mutations are not accepted over sockets; send them over HTTP."
            raise DocumentRefused([GraphQLError(message, extensions={"code": "MUTATION_OVER_SOCKET"})])
        excess = check_variables(request.variables or {}, self._limits)
        if excess is not None:
            raise DocumentRefused([excess])
        return prepared, operation

    async def _query(self, request: Subscribe, prepared: Prepared, operation: Operation, context: Context) -> Response:
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._runner.execute(prepared, operation, variables=request.variables, context=context)
        except TimeoutError as error:
            raise OperationFailed(format_errors([timeout_error(self._seconds)])) from error
        if is_request_error(result):
            raise OperationFailed(format_errors(result.errors or ()))
        return _response(result)


def _response(result: ExecutionResult) -> Response:
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response["errors"] = format_errors(result.errors)
    return response


def _located(error: Exception, operation: Operation) -> GraphQLError:
    """The error with the path that tells masking that it is no mistake of the client's."""
    if isinstance(error, GraphQLError):
        return error
    return GraphQLError(str(error), operation.node, path=sorted(operation.root_fields), original_error=error)
