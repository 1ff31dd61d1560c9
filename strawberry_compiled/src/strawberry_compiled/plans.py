"""Plans of an operation: generated functions for each set of values of its variables in @skip and @include."""

import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from sys import getsizeof
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from strawberry_compiled import completion, infos, row_generation
from strawberry_compiled.batching import Load
from strawberry_compiled.directives import DirectiveFinder
from strawberry_compiled.generation import Generator, beginning_name, delivery_name, function_name, is_shareable
from strawberry_compiled.later import Compilations, CompileLater, NotCompiledYet
from strawberry_compiled.leaves import PLAIN, SETTLED, plain_types
from strawberry_compiled.planning import NotCompilable, PlannedField, Planner, Select, Selection, Source
from strawberry_compiled.results import Batch
from strawberry_compiled.row_blocks import Shape
from strawberry_compiled.row_generation import RowGenerator
from strawberry_compiled.row_planning import Layout, RowField, RowPlanner
from strawberry_compiled.rows import RowType
from strawberry_compiled.strawberry_internals import accepts_by_class, may_be_cast, resolves_by_class

MOST_VARIANTS = 16
FIELD_BYTES = 3_000  # bytes of a planned field and its code, without the source; measured: 2,000 to 3,000
ROW_BYTES = 7_000  # bytes of a row field and its function, without the source; measured: 4,000 to 6,500
OPERATION_BYTES = 3_000
MOST_CLASSES = 64  # classes remembered per position: a program that creates classes as it runs must not fill the memory

_NAMES: Mapping[str, Any] = {
    "PLAIN": PLAIN,
    "SETTLED": SETTLED,
    "Undefined": Undefined,
    **{
        each.__name__: each
        for each in (
            completion.arguments_of,
            completion.await_fields,
            completion.await_items,
            completion.complete,
            completion.complete_item,
            completion.deliver_later,
            completion.execute,
            completion.fail,
            completion.fail_item,
            completion.fail_late,
            infos.info_of,
            completion.later,
            completion.later_item,
        )
    },
}
"""Functions that generated code may call, by name."""


class Plan:
    """Functions that execute one operation. Those below abstract types are generated when a type is first seen."""

    def __init__(
        self,
        schema: GraphQLSchema,
        planner: Planner,
        left_to_json: Mapping[str, type],
        row_types: Mapping[str, RowType],
        compilations: Compilations,
    ) -> None:
        self._schema = schema
        self._planner = planner
        self._compilations = compilations
        self._generator = Generator(left_to_json)
        self._row_planner = RowPlanner(row_types, left_to_json)
        self._row_generator = RowGenerator()
        self._namespace: dict[str, Any] = {**_NAMES, **row_generation.NAMES}
        self._fields: dict[int, PlannedField] = {}
        self._selects: dict[tuple[int, str], Select] = {}
        self._refused: dict[tuple[int, str], tuple[Any, ...]] = {}
        self._batches: dict[int, Sequence[Batch]] = {}
        self._awaited: dict[int, Sequence[Batch]] = {}
        self._sources: list[bytes] = []  # compressed, because hardly anyone reads them
        self._size = 0
        self._lock = threading.Lock()
        self.root_selection = planner.root()
        self._make(self.root_selection)
        self.root: Select = self._namespace[function_name(self.root_selection)]

    @property
    def source(self) -> str:
        """The code generated so far."""
        return "\n\n".join(zlib.decompress(each).decode() for each in self._sources)

    @property
    def size(self) -> int:
        """Upper estimate of the plan's current memory in bytes."""
        return self._size

    @property
    def field_count(self) -> int:
        """Number of planned fields so far, without `__typename`."""
        return len(self._fields)

    @property
    def fields(self) -> list[PlannedField]:
        """Planned fields so far, without `__typename`."""
        return list(self._fields.values())

    def has(self, details: FieldDetailsList) -> bool:
        """Whether the plan contains the field with these details."""
        return id(details) in self._fields

    def batches(self, place: int) -> Sequence[Batch]:
        """Batch fields of the selection with that number."""
        return self._batches[place]

    def awaited(self, place: int) -> Sequence[Batch]:
        """The fields with async functions of the selection with that number."""
        return self._awaited[place]

    def layout(self, fields: Sequence[RowField | None]) -> Layout | None:
        """The layout of records that serve all of these fields; None if one of them needs objects."""
        return self._ready(self._row_planner.common(fields), fields)

    def layout_of_load(self, load: Load) -> Layout | None:
        """The layout of records that serve all fields of the plan with this `load`."""
        return self._ready(self._row_planner.of_load(load), self._row_planner.fields_of(load))

    def _ready(self, layout: Layout | None, fields: Sequence[RowField | None]) -> Layout | None:
        """The layout; None if functions for its records have to be compiled first, outside of the execution."""
        if layout is None or not self._compilations.are_later:
            return layout
        missing = [each for each in fields if each is not None and layout not in each.makers]
        for rows in missing:
            self._compilations.put_off((id(self), rows.planned.number, layout), partial(self._add_maker, rows, layout))
        return None if missing else layout

    def _add_maker(self, rows: RowField, layout: Layout) -> None:
        self.maker(rows, layout)

    def maker(self, rows: RowField, layout: Layout) -> Callable[..., Any]:
        """The function of the field for records of the layout, generated when it is first asked for."""
        known = rows.makers.get(layout)
        if known is None:
            with self._lock:
                known = rows.makers.get(layout) or self._make_rows(rows, layout)
        return known

    def select(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Select:
        """The function for objects of the type in the field with these details; raises NotCompilable."""
        key = id(details), type_.name
        known = self._selects.get(key)
        if known is not None:
            return known
        if self._compilations.are_later and key not in self._refused:
            self._compilations.put_off((id(self), *key), partial(self._add_select, type_, details))
            raise NotCompiledYet
        self._add_select(type_, details)
        if key in self._refused:
            raise NotCompilable(*self._refused[key])
        return self._selects[key]

    def _add_select(self, type_: GraphQLObjectType, details: FieldDetailsList) -> None:
        key = id(details), type_.name
        with self._lock:
            if key in self._refused or key in self._selects:
                return
            try:
                self._make(self._planner.below(type_, details), key)
            except NotCompilable as reason:
                self._refused[key] = reason.args

    def remember_class(self, details: FieldDetailsList, value: Any, type_: GraphQLObjectType, select: Select) -> None:
        """Lets generated code call the function directly for the next value of that class."""
        field, class_ = self._fields[id(details)], type(value)
        # taken for an object, because callers of `execute_sync` promise that no value is awaitable
        if is_awaitable(value):
            return
        if len(field.functions) + len(field.uncertain_functions) >= MOST_CLASSES:
            return
        named = get_named_type(field.type)
        if is_object_type(named):
            if named.is_type_of is None:
                field.functions[class_] = select
                return
            if not accepts_by_class(named):
                return
        elif not (is_abstract_type(named) and resolves_by_class(self._schema, named)):
            return
        if may_be_cast(value):
            return
        is_closed = class_.__dictoffset__ == 0  # its objects take no attributes, so they cannot be cast
        (field.functions if is_closed else field.uncertain_functions)[class_] = select

    def complete_source(self) -> str:
        """The generated code for all possible types."""
        for field in list(self._fields.values()):
            self._reach(field)
        for rows in self._row_planner.fields.values():
            layout = self._row_planner.layout_of(rows)
            if layout is not None:
                self.maker(rows, layout)
        return self.source

    def form(self, field: PlannedField) -> str:
        """Columns that a batch field asks for, or the reason why it asks for objects; empty if it shows no objects."""
        return self._row_planner.form(field)

    def _reach(self, field: PlannedField) -> None:
        named = get_named_type(field.type)
        if not is_abstract_type(named):
            return
        for type_ in self._schema.get_possible_types(named):
            before = len(self._fields)
            self._add_select(type_, field.details)
            for each in list(self._fields.values())[before:]:
                self._reach(each)

    def _make(self, selection: Selection, key: tuple[int, str] | None = None) -> None:
        """Generates and compiles functions for the selection, and for selections below it whose type is certain."""
        made: list[tuple[Selection, tuple[int, str] | None]] = []
        sources: list[str] = []
        self._write(selection, key, made, sources)
        self._namespace.update(self._generator.constants)
        self._run(sources, selection.type.name)
        for each, _ in made:
            self._batches[each.number] = [self._batch(field) for field in each.batches]
            self._awaited[each.number] = [self._batch(field) for field in each.awaited]
        # All at once: executions in other threads ask for the functions meanwhile.
        self._selects.update({place: self._namespace[function_name(each)] for each, place in made if place is not None})
        if self._compilations.are_later:
            self._prepare_rows([field for each, _ in made for field in each.batches])

    def _prepare_rows(self, fields: Sequence[PlannedField]) -> None:
        """Generates functions for the records that these fields most probably get."""
        for field in fields:
            rows = self._row_planner.fields.get(field.number)
            if rows is not None:
                layout = self._row_planner.layout_of(rows)
                if layout is not None and layout not in rows.makers:
                    self._make_rows(rows, layout)

    def _make_rows(self, rows: RowField, layout: Layout) -> Callable[..., Any]:
        if rows.selection is None:
            made = Shape(0, layout.positions("")).viewer(rows.names)
        else:
            name, sources = self._row_generator.functions(rows.selection, layout, rows.prefix)
            self._namespace.update(self._row_generator.constants)
            self._run(sources, rows.selection.selection.type.name)
            made = self._namespace[name]
        rows.makers[layout] = made
        return made

    def _run(self, sources: Sequence[str], name: str) -> None:
        # One by one, because Python compiles a text without giving other threads a turn.
        for text in sources:
            exec(compile(text, f"<plan of {name}>", "exec"), self._namespace)  # noqa: S102  our own code
            self._compilations.pause()
        self._sources.append(zlib.compress("\n\n".join(sources).encode(), 1))
        fields = FIELD_BYTES * len(self._fields) + ROW_BYTES * len(self._row_planner.fields)
        self._size = sum(map(getsizeof, self._sources)) + fields

    def _write(
        self,
        selection: Selection,
        key: tuple[int, str] | None,
        made: list[tuple[Selection, tuple[int, str] | None]],
        sources: list[str],
    ) -> Selection:
        self._compilations.pause()
        made.append((selection, key))
        lower: dict[str, Selection] = {}
        for field in selection.fields.values():
            if field is None:
                continue
            self._fields[id(field.details)] = field
            named = get_named_type(field.type)
            below = None
            if is_object_type(named):
                below = lower[field.key] = self._planner.below(named, field.details)
                self._write(below, (id(field.details), named.name), made, sources)
            if field.is_awaited:
                sources += [self._generator.beginning(field), self._generator.delivery(field, shares_equal=False)]
            if field.source is Source.BATCH:
                sources.append(self._generator.delivery(field, shares_equal=is_shareable(field, below)))
        sources.append(self._generator.selection(selection))
        self._row_planner.add(selection, lower)
        return selection

    def _batch(self, field: PlannedField) -> Batch:
        deliver = self._namespace[delivery_name(field)]
        begin = self._namespace[beginning_name(field)] if field.is_awaited else None
        return Batch(
            field,
            deliver,
            begin,
            shares_equal="keys" in deliver.__code__.co_varnames,
            rows=self._row_planner.fields.get(field.number),
            plain=plain_types(field.type),
        )


class CompiledOperation:
    """One operation of a document on one schema.

    `left_to_json` has scalars with the Python type whose values stay in `data`, because the JSON writer gives the same
    text: `{"Date": date}`. Values of `datetime` stay only if they are in UTC. `row_types` are the types of GraphQL, by
    name, whose objects batch functions may give as rows. `compile_later` has plans compiled outside of the executions,
    which graphql-core does until then; without it, an execution compiles what it needs.
    """

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
