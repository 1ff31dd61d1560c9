"""Operations with their plans: one for each set of values of the variables in @skip and @include."""

import threading
from collections.abc import Mapping
from functools import partial

from graphql import GraphQLSchema, OperationDefinitionNode, OperationType, visit
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from strawberry_compiled.directives import DirectiveFinder
from strawberry_compiled.later import Compilations, CompileLater, NotCompiledYet
from strawberry_compiled.planning import NotCompilable, Planner
from strawberry_compiled.plans import Plan
from strawberry_compiled.rows import RowType

MOST_VARIANTS = 16
OPERATION_BYTES = 2_000


class CompiledOperation:
    """One operation of a document on one schema.

    `left_to_json` has scalars with the Python type whose values stay in `data`, because the JSON writer gives the same
    text: `{"Date": date}`. Values of `datetime` stay only if they are in UTC. `row_types` are the types of GraphQL, by
    name, whose objects batch functions may give as rows. `compile_later` has plans compiled outside of the executions,
    which graphql-core does until then; without it, an execution compiles what it needs.
    """

    __slots__ = (
        "__weakref__",
        "_compilations",
        "_fragments",
        "_left_to_json",
        "_lock",
        "_operation",
        "_row_types",
        "_schema",
        "_unsupported",
        "_variants",
        "conditions",
    )

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        left_to_json: Mapping[str, type] | None = None,
        row_types: Mapping[str, RowType] | None = None,
        compile_later: CompileLater | None = None,
    ) -> None:
        self._compilations = Compilations(compile_later)
        self._left_to_json = left_to_json or {}
        # Mutations and subscriptions show objects that their functions have at hand.
        is_query = operation.operation is OperationType.QUERY
        self._row_types = (row_types or {}) if is_query else {}
        self._schema = schema
        self._operation = operation
        self._fragments = dict(fragments)
        self._variants: dict[tuple[bool | None, ...], Plan | NotCompilable] = {}
        self._lock = threading.Lock()
        finder = DirectiveFinder()
        visit(operation, finder)
        for fragment in self._fragments.values():
            visit(fragment.definition, finder)
        self.conditions = tuple(sorted(finder.variables))
        """The variables in @skip and @include."""
        self._unsupported = finder.unsupported

    @property
    def size(self) -> int:
        """Upper estimate of the plans' current memory in bytes."""
        variants = tuple(self._variants.values())
        return sum([OPERATION_BYTES, *(OPERATION_BYTES + each.size for each in variants if isinstance(each, Plan))])

    def plan(self, variable_values: VariableValues) -> Plan:
        """The plan for these values of the variables; raises NotCompilable."""
        if self._unsupported is not None:
            raise NotCompilable(self._unsupported)
        coerced = variable_values.coerced
        # None leads to an error, so it differs from False
        values = tuple(coerced.get(name) for name in self.conditions)
        known = self._variants.get(values)
        if known is None:
            known = self._add(values, self._conditions(variable_values))
        if isinstance(known, NotCompilable):
            raise NotCompilable(*known.args)
        return known

    def _conditions(self, variable_values: VariableValues) -> VariableValues:
        """The variables that decide the selection. A plan must not keep other data of a request alive."""
        return VariableValues(
            {name: source for name, source in variable_values.sources.items() if name in self.conditions},
            {name: value for name, value in variable_values.coerced.items() if name in self.conditions},
        )

    def _add(self, values: tuple[bool | None, ...], conditions: VariableValues) -> Plan | NotCompilable:
        if len(self._variants) >= MOST_VARIANTS:
            return NotCompilable("too many variants")
        if self._compilations.are_later:
            self._compilations.put_off(values, partial(self._compile, values, conditions))
            raise NotCompiledYet
        self._compile(values, conditions)
        return self._variants[values]

    def _compile(self, values: tuple[bool | None, ...], conditions: VariableValues) -> None:
        with self._lock:
            if values in self._variants:
                return
            made: Plan | NotCompilable = NotCompilable("failed to compile")
            try:
                planner = Planner(self._schema, self._operation, self._fragments, conditions)
                made = Plan(self._schema, planner, self._left_to_json, self._row_types, self._compilations)
            except NotCompilable as reason:
                made = NotCompilable(*reason.args)
            except RecursionError:
                made = NotCompilable("nested too deeply")
            finally:
                self._variants[values] = made
