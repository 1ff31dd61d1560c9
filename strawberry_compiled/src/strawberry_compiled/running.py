"""Execution of plans: an executor with the interface of graphql-core's and Strawberry's own."""

import logging
import operator
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails
from graphql.pyutils import Path

from strawberry_compiled.field_errors import LateErrors
from strawberry_compiled.operations import CompiledOperation
from strawberry_compiled.planning import INTROSPECTION, NotCompilable, PlannedField, Selection
from strawberry_compiled.plans import Plan
from strawberry_compiled.rows import RowType
from strawberry_compiled.run import Run
from strawberry_compiled.strawberry_internals import hooked
from strawberry_compiled.waves import Waves

MOST_OPERATIONS = 128  # operations kept by `compile_operation`, as many as documents in Strawberry's ParserCache

_log = logging.getLogger("strawberry_compiled")

fallbacks: Counter[str] = Counter()
"""Number of executions by graphql-core, of operations or parts of them, by reason."""

_lock = threading.Lock()
_operations: OrderedDict[int, "_Known"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class _Known:
    """A compiled operation with what it was made of, which stays alive so that no other object gets its id."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    row_types: Mapping[str, RowType]
    compiled: CompiledOperation

    def is_of(self, *parts: Any) -> bool:
        own = self.schema, self.operation, self.row_types
        return all(map(operator.is_, own, parts))


def compile_operation(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDetails],
    row_types: Mapping[str, RowType],
) -> CompiledOperation:
    """The operation's plans, cached by its syntax tree; the least recently used are evicted first."""
    key = id(operation)
    with _lock:
        known = _operations.get(key)
        if known is None or not known.is_of(schema, operation, row_types):
            compiled = CompiledOperation(schema, operation, fragments, row_types=row_types)
            known = _operations[key] = _Known(schema, operation, row_types, compiled)
        _operations.move_to_end(key)
        if len(_operations) > MOST_OPERATIONS:
            _operations.popitem(last=False)
    return known.compiled


class CompiledExecutor(Run):
    """Executes operations by their plans, and operations without a plan as Strawberry does.

    Use it as `strawberry.Schema(execution_context_class=CompiledExecutor)`. An operation is compiled when it is first
    executed, so cache documents, with Strawberry's `ParserCache` for example. If you cache documents yourself, set
    `compiled` before the execution.
    """

    row_types: Mapping[str, RowType] = MappingProxyType({})
    """GraphQL types, by name, whose objects batch functions may give as rows. `compiled` has its own."""
    compiled: CompiledOperation | None = None
    plan: Plan | None = None
    waves: Waves

    def execute_operation(self, serially: bool | None = None) -> Any:
        try:
            plan = self._find_plan()
        except NotCompilable as reason:
            plan = None
            self.note_fallback(reason)
        if plan is None:  # outside the block above; otherwise the reason would be the context of the operation's errors
            return super().execute_operation(serially)
        self._begin(plan)
        if serially is None:
            serially = self.operation.operation is OperationType.MUTATION
        if serially and len(plan.root_selection.fields) == 1:
            serially = False  # a single field needs no order, and generated code calls it with less work
        try:
            result = self._serial_data(plan.root_selection) if serially else plan.root(self, self.root_value, None)
        except GraphQLError as error:
            self.waves.abandon()
            return self._answer(None, error)
        if type(result) is dict and self.waves.are_settled:
            # An async function whose arguments are wrong has failed without being awaited.
            return self._whole_answer(result)
        return self._finish(result)

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Continues in generated code after graphql-core has completed an object."""
        select = None
        if self.plan is not None and self.plan.has(field_details_list):
            try:
                select = self.plan.select(return_type, field_details_list)
            except NotCompilable as reason:
                self.note_fallback(reason)
        if select is None or self.plan is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        self.plan.remember_class(field_details_list, result, return_type, select)
        data = select(self, result, path)
        self.waves.start()
        return data

    def note_fallback(self, reason: NotCompilable) -> None:
        """Counts a fallback: a part of the operation if there is a plan, else the whole operation.

        The first fallback for each reason is logged.
        """
        text = str(reason)
        if text not in fallbacks:
            level = logging.DEBUG if text == INTROSPECTION else logging.WARNING
            _log.log(level, "graphql-core executes an operation in place of compiled code: %s", text)
        fallbacks[text] += 1

    def _find_plan(self) -> Plan:
        if self.middleware_manager is not None and self.middleware_manager.middlewares:
            raise NotCompilable(f"resolve hook of {hooked(self.middleware_manager.middlewares)}")
        if self.abort_signal is not None:
            raise NotCompilable("abort signal")
        if self.hooks is not None:
            raise NotCompilable("execution hooks")
        if not self.error_propagation:
            raise NotCompilable("no error propagation")
        if self.compiled is None:
            self.compiled = compile_operation(self.schema, self.operation, self.fragments, self.row_types)
        return self.compiled.plan(self.variable_values)

    def _begin(self, plan: Plan) -> None:
        """Sets the state of one run, because executors of a subscription's events are copies of one."""
        self.plan = plan
        self.pending = defaultdict(list)
        self.blocks = []
        self.awaiting = []
        self.known_arguments = {}
        self.known_info = None
        self.late_errors = LateErrors(self.collected_errors)
        self.waves = self.late_tasks = Waves(self, plan)

    def _serial_data(self, selection: Selection) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        """Data of fields executed one after the other, each to its end (specification, section 6.3.1)."""
        data: dict[str, Any] = {}
        remaining = iter(selection.fields.items())
        for key, field in remaining:
            data[key] = value = self._root_field(selection.type, key, field)
            if self.is_awaitable(value) or not self.waves.are_settled:
                return self._remaining_serial_data(selection.type, data, key, remaining)
            if self.late_errors.leaves_nothing:
                break
        return data

    async def _remaining_serial_data(
        self,
        root_type: GraphQLObjectType,
        data: dict[str, Any],
        key: str,
        remaining: Iterator[tuple[str, PlannedField | None]],
    ) -> dict[str, Any]:
        """Awaits the field of that key, then executes the remaining fields."""
        following: str | None = key
        while following is not None:
            if self.is_awaitable(data[following]):
                data[following] = await data[following]
            await self.waves.settle()
            if self.late_errors.leaves_nothing:
                break
            following, field = next(remaining, (None, None))
            if following is not None:
                data[following] = self._root_field(root_type, following, field)
        return data

    def _root_field(self, root_type: GraphQLObjectType, key: str, field: PlannedField | None) -> Any:
        if field is None:
            return root_type.name
        return self.execute_field(root_type, self.root_value, field.details, Path(None, key, root_type.name), None)

    async def _finish(self, result: dict[str, Any] | Awaitable[dict[str, Any]]) -> ExecutionResult:
        try:
            if isinstance(result, dict):
                data = result
            else:
                self.waves.start()  # concurrently with the other fields
                data = await result
            await self.waves.settle()
        except GraphQLError as error:
            return self._answer(None, error)
        finally:
            await self.waves.cancel()
        return self._whole_answer(data)

    def _whole_answer(self, data: dict[str, Any]) -> ExecutionResult:
        """The answer of a run that has nothing left to do."""
        answer = self._answer(self.late_errors.applied_to(data))
        if answer.errors is None:  # after an error, functions that ignore their cancellation may still run
            self._break_cycles()
        return answer

    def _break_cycles(self) -> None:
        """Removes attributes that refer to the executor.

        They would keep it, and with it what its functions have loaded, until a garbage collection. Collections took 4 %
        of the CPU time of lists, and stopped a server for 10 ms and more.
        """
        self.known_info = None
        del self.waves, self.late_tasks, self.async_helpers

    def _answer(self, data: dict[str, Any] | None, error: GraphQLError | None = None) -> ExecutionResult:
        if error is not None:
            self.collected_errors.add(error, None)
        return ExecutionResult(data, self.collected_errors.errors or None)
