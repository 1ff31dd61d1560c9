"""Admission of GraphQL requests, shared by all transports.

The checks, in order: sign-in, document, kind of operation, limits of the variables, database time, points. A request
that a check or the coercion of its variables refuses costs one point.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLError, OperationType

from api.graphql.denials import confirmed, denies
from api.graphql.documents import TYPENAME, DocumentCache, DocumentRefused, Operation, Prepared, SignInRequired
from api.graphql.limits import INTROSPECTION_FIELDS, check_variables
from api.graphql.runner import OperationRunner, is_request_error
from api.graphql.spending import Charge, Meter
from api.graphql.trusted import DocumentReference, TrustedDocuments
from api.shared.context import Context
from api.shared.request_id import note_operation
from domain.shared.actor import Actor, ClientInfo
from domain.shared.budget import OverBudget
from domain.shared.errors import Unauthenticated
from domain.shared.usage import OverTime

PUBLIC_ROOT_FIELDS = frozenset({TYPENAME})
"""Root fields for callers who are not signed in; in development, introspection is open to them as well."""


class Asked(DocumentReference, Protocol):
    """A request of a client, independent of its transport."""

    @property
    def operation_name(self) -> str | None: ...
    @property
    def variables(self) -> dict[str, Any] | None: ...


class Carrier(Enum):
    """Transport of a request; each transport accepts some kinds of operations only."""

    POST = "post"
    GET = "get"
    SOCKET = "socket"


_OVER_HTTP = ("SUBSCRIPTION_OVER_HTTP", "Subscriptions are not supported over HTTP. Open a WebSocket at this address.")
_REFUSED: Mapping[tuple[Carrier, OperationType], tuple[str, str]] = {
    (Carrier.POST, OperationType.SUBSCRIPTION): _OVER_HTTP,
    (Carrier.GET, OperationType.SUBSCRIPTION): _OVER_HTTP,
    (Carrier.GET, OperationType.MUTATION): (
        "METHOD_NOT_ALLOWED",
        "Mutations are not allowed with GET. Send them with POST.",
    ),
    (Carrier.SOCKET, OperationType.MUTATION): (
        "MUTATION_OVER_SOCKET",
        "Mutations are not supported over WebSockets. Send them over HTTP.",
    ),
}


class MethodRefused(DocumentRefused):
    """The operation cannot be sent with GET."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation that may run and whose points are charged."""

    prepared: Prepared
    operation: Operation
    charge: Charge


class Admission:
    """Admits requests, runs queries and mutations, and settles their cost even if they fail."""

    def __init__(
        self,
        runner: OperationRunner,
        documents: DocumentCache,
        trusted: TrustedDocuments,
        meter: Meter,
        *,
        is_introspection_open: bool,
    ) -> None:
        """`is_introspection_open`: callers who are not signed in may introspect the schema."""
        self._runner = runner
        self._documents = documents
        self._trusted = trusted
        self._meter = meter
        opened = INTROSPECTION_FIELDS if is_introspection_open else frozenset()
        self._public_fields = PUBLIC_ROOT_FIELDS | opened

    async def admit(self, asked: Asked, actor: Actor, carrier: Carrier) -> Admitted:
        """Charges and returns the operation. Raises SignInRequired, DocumentRefused or RateLimited."""
        try:
            prepared, operation = await self._prepare(asked, actor)
            _check_kind(operation, carrier)
            _check_variables(operation, asked.variables)
            return Admitted(prepared, operation, await self._meter.charge(operation, asked.variables, actor))
        except (SignInRequired, DocumentRefused, OverTime):
            await self._meter.charge_refusal(actor)
            raise

    async def note_wrong_token(self, client: ClientInfo) -> None:
        """Charges one point to the client's address for a request with an invalid or expired token."""
        # A 429 instead of the 401 would hide from the client that it has to rotate its token.
        with suppress(OverBudget):
            await self._meter.charge_refusal(Actor(client=client))

    async def run(self, admitted: Admitted, asked: Asked, context: Context) -> ExecutionResult:
        """Result of a query or mutation. Sets `admitted.charge.actual` to its cost.

        Raises Unauthenticated if the actor was remembered, and its session or key has ended since.
        """
        charge, is_refused = admitted.charge, False
        context.rate_limit_of = charge.rate_limit
        try:
            with self._meter.timed(charge):
                # A mutation changes nothing by what was true before, and never runs twice.
                is_query = admitted.operation.type is OperationType.QUERY
                if not is_query:
                    context = await confirmed(context) or context
                result = await self._execute(admitted, asked, context)
                if is_query and context.confirm_actor is not None and denies(result, context.actor):
                    again = await confirmed(context)
                    if again is not None:
                        context = again
                        result = await self._execute(admitted, asked, context)
            is_refused = is_request_error(result)
            return result
        except Unauthenticated:
            # The address pays, as for every invalid token, and not the account.
            self._meter.refund(charge)
            if context.actor.client is not None:
                await self.note_wrong_token(context.actor.client)
            raise
        finally:
            # A request that is canceled or times out still pays for the rows that it has read.
            if is_refused:
                self._meter.settle_refusal(charge)
            else:
                self._meter.settle(charge, context.rows_read)

    async def _execute(self, admitted: Admitted, asked: Asked, context: Context) -> ExecutionResult:
        return await self._runner.execute(
            admitted.prepared, admitted.operation, variables=asked.variables, context=context
        )

    async def _prepare(self, asked: Asked, actor: Actor) -> tuple[Prepared, Operation]:
        is_known = actor.user_id is not None
        if asked.query is None and not is_known:
            raise SignInRequired  # a caller who is not signed in must not learn which documents exist
        text = await self._trusted.text(asked, actor)
        prepared = self._documents.prepare(text, only=None if is_known else self._public_fields)
        operation = prepared.operation(asked.operation_name)
        note_operation(operation.name)
        return prepared, operation


def _check_variables(operation: Operation, variables: Mapping[str, Any] | None) -> None:
    excess = check_variables(variables, operation.limits) if variables else None
    if excess is not None:
        raise DocumentRefused([excess])


def _check_kind(operation: Operation, carrier: Carrier) -> None:
    if operation.type is OperationType.QUERY:
        return  # every transport accepts queries, and enums are hashed by Python code
    refusal = _REFUSED.get((carrier, operation.type))
    if refusal is None:
        return
    code, message = refusal
    kind = MethodRefused if code == "METHOD_NOT_ALLOWED" else DocumentRefused
    raise kind([GraphQLError(message, extensions={"code": code})])
