"""GraphQL operations over sockets: queries run once, subscriptions once per event."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from api.graphql.admission import Admission, Admitted, Carrier
from api.graphql.documents import DocumentRefused, Operation
from api.graphql.masking import domain_error, format_errors
from api.graphql.runner import OperationRunner, is_request_error, timeout_error
from api.graphql.spending import Meter
from api.http.options import HttpOptions
from api.shared.context import Context
from api.sockets.protocol import Subscribe
from api.sockets.session import OperationFailed
from domain.shared.errors import RateLimited, Unavailable

Response = Mapping[str, Any]


class GraphQLOperations:
    """Runs operations of sockets, with the limits and errors of HTTP; refuses mutations."""

    def __init__(self, runner: OperationRunner, admission: Admission, meter: Meter, options: HttpOptions) -> None:
        self._runner = runner
        self._admission = admission
        self._meter = meter
        self._is_cost_shown = options.cost.is_shown
        self._seconds = options.request_seconds

    async def run(self, request: Subscribe, context: Context) -> AsyncGenerator[Response, None]:
        """Results of the operation, one per event; raises OperationFailed if it cannot start or continue."""
        try:
            admitted = await self._admission.admit(request, context.actor, Carrier.SOCKET)
        except DocumentRefused as refused:
            raise OperationFailed(format_errors(refused.errors)) from refused
        except (RateLimited, Unavailable) as error:
            raise OperationFailed([domain_error(error)]) from error
        if admitted.operation.type is OperationType.QUERY:
            yield await self._query(request, admitted, context)
            return
        async with aclosing(self._events(request, admitted, context)) as responses:
            async for response in responses:
                yield response

    async def _events(self, request: Subscribe, admitted: Admitted, context: Context) -> AsyncGenerator[Response, None]:
        prepared, operation, charge = admitted.prepared, admitted.operation, admitted.charge
        context.rate_limit_of = charge.rate_limit
        self._meter.settle(charge, 0)  # each event is charged when it is sent
        with self._meter.timed(charge):
            opened = await self._runner.subscribe(
                prepared, operation, variables=request.variables, context=context, event_seconds=self._seconds
            )
        if isinstance(opened, ExecutionResult):
            raise OperationFailed(format_errors(opened.errors or ()))
        async with aclosing(opened) as results:
            while True:
                try:
                    with self._meter.timed(charge):
                        result = await anext(results, None)
                except Exception as error:  # every failure of the stream is reported to the client
                    raise OperationFailed(format_errors([_located(error, operation)])) from error
                if result is None:
                    return
                rows, context.rows_read = context.rows_read, 0
                try:
                    await self._meter.charge_rows(charge, rows)
                except RateLimited as error:
                    raise OperationFailed([domain_error(error)]) from error
                yield _response(result)

    async def _query(self, request: Subscribe, admitted: Admitted, context: Context) -> Response:
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._admission.run(admitted, request, context)
        except TimeoutError as error:
            raise OperationFailed(format_errors([timeout_error(self._seconds)])) from error
        if is_request_error(result):
            raise OperationFailed(format_errors(result.errors or ()))
        response = _response(result)
        if self._is_cost_shown:
            response["extensions"] = {"cost": admitted.charge.extension()}
        return response


def _response(result: ExecutionResult) -> dict[str, Any]:
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response["errors"] = format_errors(result.errors)
    return response


def _located(error: Exception, operation: Operation) -> GraphQLError:
    """The error with a path, by which masking distinguishes it from a mistake in the request."""
    if isinstance(error, GraphQLError):
        return error
    return GraphQLError(str(error), operation.node, path=sorted(operation.root_fields), original_error=error)
