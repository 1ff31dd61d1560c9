"""Plans: the generated functions of an operation for one set of values of its variables in @skip and @include."""

import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from sys import getsizeof
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import is_awaitable

from strawberry_compiled.batching import Load
from strawberry_compiled.branches import Branch, Key, Made, key_of
from strawberry_compiled.delivery import Delivery
from strawberry_compiled.generated_names import NAMES
from strawberry_compiled.generation import Generator, beginning_name, delivery_name, function_name, is_shareable
from strawberry_compiled.later import Compilations, NotCompiledYet
from strawberry_compiled.leaves import plain_types
from strawberry_compiled.planning import KeptSelection, NotCompilable, PlannedField, Planner, Select, Selection, Source
from strawberry_compiled.results import Batch
from strawberry_compiled.row_blocks import Shape
from strawberry_compiled.row_generation import RowGenerator, filename
from strawberry_compiled.row_planning import Layout, RowField, RowPlanner
from strawberry_compiled.rows import RowType
from strawberry_compiled.strawberry_internals import accepts_by_class, may_be_cast, resolves_by_class

FIELD_BYTES = 550  # without its code; measured with tracemalloc, as the others: 300 to 450
ROW_BYTES = 3_700  # of a row field with its functions, as if no other plan shared them; measured: 2,600 to 3,600
PLAN_BYTES = 3_500
CODE_FACTOR = 3  # bytes of functions for each character of their source; measured: 2.2 to 2.5
MOST_CLASSES = 64  # classes remembered per position: a program that creates classes as it runs must not fill the memory


class Plan:
    """Functions that execute one operation. Those below abstract types are generated when a type is first seen."""

    __slots__ = (
        "__weakref__",
        "_awaited",
        "_batches",
        "_code",
        "_compilations",
        "_fields",
        "_generator",
        "_kept",
        "_lock",
        "_namespace",
        "_new_sources",
        "_planner",
        "_refused",
        "_row_generator",
        "_row_planner",
        "_schema",
        "_selects",
        "_size",
        "_source",
        "root",
        "root_selection",
    )

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
        self._namespace: dict[str, Any] = {"__builtins__": NAMES}
        self._generator = Generator(left_to_json, self._namespace)
        self._row_planner = RowPlanner(row_types, left_to_json)
        self._row_generator = RowGenerator(self._namespace)
        self._fields: dict[int, PlannedField] = {}
        self._selects: dict[Key, Select] = {}
        self._kept: dict[int, KeptSelection] = {}
        """Selections that so far are only made from records, by the number of the field above."""
        self._refused: dict[Key, tuple[Any, ...]] = {}
        self._batches: dict[int, Sequence[Batch]] = {}
        self._awaited: dict[int, Sequence[Batch]] = {}
        self._source = b""  # compressed, because hardly anyone reads it
        self._new_sources: list[str] = []
        self._code = 0
        self._size = 0
        self._lock = threading.Lock()
        self.root_selection = planner.root()
        self._make(self._branch(self.root_selection, None))
        self.root: Select = self._namespace[function_name(self.root_selection)]

    @property
    def source(self) -> str:
        """The code generated so far."""
        packed = [zlib.decompress(self._source).decode()] if self._source else []
        return "\n\n".join([*packed, *self._new_sources])

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
        missing = [each for each in fields if each is not None and each.maker(layout) is None]
        for rows in missing:
            self._compilations.put_off((id(self), rows.planned.number, layout), partial(self._add_maker, rows, layout))
        return None if missing else layout

    def _add_maker(self, rows: RowField, layout: Layout) -> None:
        self.maker(rows, layout)

    def maker(self, rows: RowField, layout: Layout) -> Callable[..., Any]:
        """The function of the field for records of the layout, generated when it is first asked for."""
        known = rows.maker(layout)
        if known is None:
            with self._lock:
                known = rows.maker(layout) or self._make_rows(rows, layout)
                self._pack()
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
            field = self._fields[id(details)]
            try:
                if field.number in self._kept:
                    self._make_again(field)
                else:
                    self._make(self._branch(self._planner.below(type_, field), field))
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
                field.remember(class_, select)
                return
            if not accepts_by_class(named):
                return
        elif not (is_abstract_type(named) and resolves_by_class(self._schema, named)):
            return
        if may_be_cast(value):
            return
        is_closed = class_.__dictoffset__ == 0  # its objects take no attributes, so they cannot be cast
        field.remember(class_, select, is_certain=is_closed)

    def complete_source(self) -> str:
        """The generated code for all possible types."""
        for field in list(self._fields.values()):
            self._reach(field)
        for field in list(self._fields.values()):
            kept = self._kept.get(field.number)
            if kept is not None:
                self._add_select(kept.type, field.details)
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

    def _branch(self, selection: Selection, above: PlannedField | None) -> Branch:
        """The selection with those below it whose type is certain."""
        self._compilations.pause()
        branch = Branch(selection, above)
        for field in selection.fields.values():
            if field is None or is_leaf_type(named := get_named_type(field.type)):
                continue
            self._fields[id(field.details)] = field
            if is_object_type(named):
                below = self._planner.below(named, field)
                branch.lower[field.key] = self._branch(below, field)
        self._row_planner.add(selection, {name: each.selection for name, each in branch.lower.items()})
        return branch

    def _make(self, branch: Branch) -> None:
        """Generates and compiles functions for the selection, and for selections below it whose type is certain."""
        made = Made()
        self._write(branch, made, are_rows=False)
        self._row_planner.end()
        self._finish(made, branch.selection.type.name)
        if self._compilations.are_later:
            self._prepare_rows([field for fields in made.batches.values() for field, _ in fields])
        self._pack()

    def _make_again(self, field: PlannedField) -> None:
        """Generates and compiles functions for objects in a place whose data has been made from records."""
        made = Made()
        self._write_kept(field, made)
        self._finish(made, get_named_type(field.type).name)
        self._pack()

    def _finish(self, made: Made, name: str) -> None:
        self._run(made.sources, name)
        for number, fields in made.batches.items():
            self._batches[number] = [self._batch(field, shares_equal=shares) for field, shares in fields]
        for number, awaited in made.awaited.items():
            self._awaited[number] = [self._batch(field, shares_equal=False) for field in awaited]
        # All at once: executions in other threads ask for the functions meanwhile.
        self._selects.update({key: self._namespace[function] for key, function in made.selects.items()})

    def _batch(self, field: PlannedField, *, shares_equal: bool) -> Batch:
        plain = plain_types(field.type)
        has_code = not self._needs_no_code(field)
        return Batch(
            field,
            self._namespace[delivery_name(field)] if has_code else Delivery(field, plain),
            self._namespace[beginning_name(field)] if field.is_awaited else None,
            shares_equal=shares_equal,
            rows=self._row_planner.fields.get(field.number),
            plain=plain,
        )

    def _prepare_rows(self, fields: Sequence[PlannedField]) -> None:
        """Generates functions for the records that these fields most probably get."""
        for field in fields:
            rows = self._row_planner.fields.get(field.number)
            if rows is not None:
                layout = self._row_planner.layout_of(rows)
                if layout is not None and rows.maker(layout) is None:
                    self._make_rows(rows, layout)

    def _make_rows(self, rows: RowField, layout: Layout) -> Callable[..., Any]:
        if rows.selection is None:
            made = Shape(0, layout.positions("")).viewer(rows.names)
        else:
            name, sources = self._row_generator.functions(rows.selection, layout, rows.prefix)
            for each in sources:
                if each.is_shareable:
                    self._namespace[each.name] = each.shared()
                    self._compilations.pause()
                    self._new_sources.append(each.text)
                else:
                    self._run([each.text], each.type_name)
            made = self._namespace[name]
        rows.add_maker(layout, made)
        return made

    def _run(self, sources: Sequence[str], name: str) -> None:
        # One by one, because Python compiles a text without giving other threads a turn.
        for text in sources:
            exec(compile(text, filename(name), "exec"), self._namespace)  # noqa: S102  our own code
            self._compilations.pause()
        self._new_sources += sources

    def _pack(self) -> None:
        """Compresses the source and estimates the size of the plan."""
        if self._new_sources:
            source = self.source.encode()
            self._source, self._new_sources = zlib.compress(source, 1), []
            self._code = len(source)
        fields = FIELD_BYTES * len(self._fields) + ROW_BYTES * len(self._row_planner.fields)
        self._size = PLAN_BYTES + getsizeof(self._source) + CODE_FACTOR * self._code + fields

    def _write(self, branch: Branch, made: Made, *, are_rows: bool) -> None:
        """Writes functions for a selection and for those below it; for objects, unless they `are_rows`."""
        self._compilations.pause()
        selection = branch.selection
        for field in selection.fields.values():
            below = None if field is None else branch.lower.get(field.key)
            if field is not None and below is not None:
                in_rows = self._comes_in_rows(field) if field.source is Source.BATCH else are_rows
                self._write(below, made, are_rows=in_rows)
            if field is not None and field.source is Source.BATCH:
                self._write_batch(selection, field, None if below is None else below.selection, made)
        if are_rows and branch.above is not None:
            self._kept[branch.above.number] = selection.kept()
        else:
            self._write_objects(selection, branch.above, made)

    def _write_batch(self, selection: Selection, field: PlannedField, below: Selection | None, made: Made) -> None:
        shares_equal = is_shareable(field, below)
        made.batches.setdefault(selection.number, []).append((field, shares_equal))
        if not self._needs_no_code(field):
            made.sources.append(self._generator.delivery(field, shares_equal=shares_equal))

    def _needs_no_code(self, field: PlannedField) -> bool:
        """Whether the field shows one object, or values that seldom have to be completed."""
        if field.is_awaited:
            return not is_leaf_type(get_named_type(field.type))
        rows = self._row_planner.fields.get(field.number)
        return rows is not None and (rows.selection is not None or bool(plain_types(field.type)))

    def _comes_in_rows(self, field: PlannedField) -> bool:
        """Whether the field is asked for rows with objects, unless it shares a call with other fields."""
        rows = self._row_planner.fields.get(field.number)
        return rows is not None and rows.selection is not None and self._row_planner.layout_of(rows) is not None

    def _write_kept(self, field: PlannedField, made: Made) -> None:
        """Writes functions for objects of a selection, and of those below it in the same records."""
        kept = self._kept.pop(field.number)
        selection = self._planner.below(kept.type, field, kept)
        for below in kept.fields:
            if below.source is not Source.BATCH and below.number in self._kept:
                self._write_kept(below, made)
        self._write_objects(selection, field, made)

    def _write_objects(self, selection: Selection, above: PlannedField | None, made: Made) -> None:
        self._compilations.pause()
        self._fields.update({id(field.details): field for field in selection.fields.values() if field is not None})
        for field in selection.awaited:
            made.awaited.setdefault(selection.number, []).append(field)
            made.sources.append(self._generator.beginning(field))
            if not self._needs_no_code(field):
                made.sources.append(self._generator.delivery(field, shares_equal=False))
        made.sources.append(self._generator.selection(selection))
        if above is not None:
            made.selects[key_of(above, selection.type)] = function_name(selection)
