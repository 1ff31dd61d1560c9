"""Row plans: selections whose data generated code can make from records, and the columns that each batch field needs.

A selection uses rows if columns prove all of its leaves, and if its batch fields need nothing but columns. Otherwise a
reason is kept, and its objects are asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from graphql import (
    GraphQLLeafType,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_specified_scalar_type,
)

from strawberry_compiled.batching import KeyedBatch, Load, ParentsBatch
from strawberry_compiled.leaves import UNCHANGED, nullable, proof
from strawberry_compiled.planning import NOTHING, PlannedField, Selection, Source
from strawberry_compiled.row_selections import Converted, Hole, Inner, RowSelection, Value
from strawberry_compiled.rows import Projection, RowType, columns_of
from strawberry_compiled.rows import below as inside

MOST_LAYOUTS = 64  # of one plan: variables decide which positions share a call, so they must not fill the memory
MOST_NAMES = 4_096  # remembered names of columns
NO_OBJECTS = "not of an object type"
NO_NAMES: frozenset[str] = frozenset()


class Layout:
    """The order of the columns in records: all names of a projection but those inside lists."""

    __slots__ = ("columns", "lists", "projection")

    def __init__(self, projection: Projection, lists: frozenset[str]) -> None:
        self.projection = projection
        self.lists = lists
        self.columns = columns_of(projection, lists)

    def below(self, name: str) -> "Layout":
        """The layout of the list with that dotted name."""
        return Layout(inside(self.projection, name), inside(self.lists, name))

    def positions(self, prefix: str) -> dict[str, int]:
        """Positions in a record of the columns whose name begins with the prefix, by the rest of the name."""
        return {
            name.removeprefix(prefix): position for position, name in enumerate(self.columns) if name.startswith(prefix)
        }


class Answer(Enum):
    """Form in which a batch function may answer."""

    SOURCE = auto()
    LISTS = auto()
    KEYED = auto()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowField:
    """A batch field whose function may answer with rows.

    `prefix` is the attribute of the found entity that the field shows, with a dot. `selection` is None if the field
    shows what is made of a found record's attributes in `names`; its value is completed like that of an object.
    """

    planned: PlannedField
    answer: Answer
    selection: RowSelection | None
    prefix: str
    layout: Layout
    names: tuple[str, ...] = ()
    # Most fields only ever have one function, for which a mapping would take three times the memory.
    _made: Callable[..., Any] | None = field(default=None, init=False)
    _made_for: Layout | None = field(default=None, init=False)
    _more: Mapping[Layout, Callable[..., Any]] = field(default_factory=lambda: NOTHING, init=False)

    def maker(self, layout: Layout) -> Callable[..., Any] | None:
        """The generated function for records of the layout, if there is one."""
        return self._made if self._made_for is layout else self._more.get(layout)

    def add_maker(self, layout: Layout, made: Callable[..., Any]) -> None:
        """Adds a generated function. Threads may ask for functions meanwhile, but one at a time may add them."""
        if self._made_for is not None:
            object.__setattr__(self, "_more", {**self._more, layout: made})  # frozen for all others
            return
        object.__setattr__(self, "_made", made)
        object.__setattr__(self, "_made_for", layout)


class RowPlanner:
    """Finds the row selections and row fields of one plan, from the leaves of its tree upwards."""

    __slots__ = ("_left_to_json", "_loads", "_of_loads", "_row_types", "_selections", "_unions", "fields", "reasons")

    def __init__(self, row_types: Mapping[str, RowType], left_to_json: Mapping[str, type]) -> None:
        self._row_types = row_types
        self._left_to_json = left_to_json
        self._selections: dict[int, _Found | str] = {}
        self._loads: dict[Load, list[RowField | None]] = {}
        self._of_loads: dict[Load, tuple[int, Layout | None]] = {}
        self._unions: dict[frozenset[Layout], Layout] = {}
        self.fields: dict[int, RowField] = {}
        """Row fields by number."""
        self.reasons: dict[int, str] = {}
        """Why a batch field asks for objects, by number."""

    def add(self, selection: Selection, below: Mapping[str, Selection]) -> None:
        """Adds a selection after those `below` it, which are given by response key."""
        if not self._row_types:
            return
        self._selections[selection.number] = self._row_selection(selection, below)
        for each in selection.batches:
            found = self._row_field(each, below.get(each.key))
            if isinstance(found, RowField):
                self.fields[each.number] = found
            else:
                self.reasons[each.number] = found
            if isinstance(each.batch, KeyedBatch):
                known = found if isinstance(found, RowField) else None
                self._loads.setdefault(each.batch.load, []).append(known)

    def end(self) -> None:
        """Forgets what only selections above those that were added would need."""
        self._selections.clear()

    def of_load(self, load: Load) -> Layout | None:
        """The layout that serves all fields of the plan with this `load`; None if one of them needs objects."""
        known = self._of_loads.get(load)
        if known is None or known[0] != len(self.fields_of(load)):
            fields = list(self.fields_of(load))  # another thread may add fields at any time
            known = self._of_loads[load] = len(fields), _union_of(fields)
        return known[1]

    def layout_of(self, rows: RowField) -> Layout | None:
        """The layout of records in answers for this field, unless it shares a call with other fields."""
        batch = rows.planned.batch
        return self.of_load(batch.load) if isinstance(batch, KeyedBatch) else rows.layout

    def form(self, planned: PlannedField) -> str:
        """Columns that a batch field asks for, or the reason why it asks for objects; empty if it shows no objects."""
        rows = self.fields.get(planned.number)
        if rows is None:
            reason = self.reasons.get(planned.number, NO_OBJECTS)
            return "" if reason == NO_OBJECTS else f"objects: {reason}"
        layout = self.layout_of(rows)
        if layout is None:
            return "objects: another field with its `load` needs them"
        return f"rows: {', '.join(sorted(layout.projection)) or 'no columns'}"

    def fields_of(self, load: Load) -> Sequence[RowField | None]:
        """All fields of the plan with this `load`; None for those that need objects."""
        return self._loads.get(load, [None])

    def common(self, fields: Sequence[RowField | None]) -> Layout | None:
        """The layout that serves all of these fields; None if one of them needs objects."""
        layouts = _layouts(fields)
        if layouts is None:
            return None
        if all(each is layouts[0] for each in layouts):
            return layouts[0]
        key = frozenset(layouts)
        known = self._unions.get(key)
        if known is None and len(self._unions) < MOST_LAYOUTS:
            known = self._unions[key] = _union(layouts)
        return known

    def _row_selection(self, selection: Selection, below: Mapping[str, Selection]) -> "_Found | str":
        """The row selection, or the reason why its objects are asked for."""
        row_type = self._row_types.get(selection.type.name)
        if row_type is None:
            return f"{selection.type.name} has no RowType"
        made = _Parts(row_type, selection)
        for key, each in selection.fields.items():
            if each is None:
                continue
            lower = self._selections.get(below[key].number) if key in below else None
            reason = made.add(key, each, lower, self._left_to_json)
            if reason is not None:
                return reason if reason is lower else f"{selection.type.name}.{each.nodes[0].name.value}: {reason}"
        return _Found(made.row_selection(), made.projection, made.list_names)

    def _row_field(self, planned: PlannedField, selection: Selection | None) -> RowField | str:
        """The row field, or the reason why its function is asked for objects."""
        batch = planned.batch
        bare = nullable(planned.type)
        is_list = is_list_type(bare)
        if isinstance(batch, KeyedBatch) and (batch.show is not None or selection is None):
            return self._leaf_field(planned, batch)
        if selection is None or not is_object_type(nullable(bare.of_type) if is_list else bare):
            return NO_OBJECTS
        below = self._selections[selection.number]
        if isinstance(below, str):
            return below
        if not isinstance(batch, KeyedBatch):
            answer, prefix = Answer.LISTS if is_list else Answer.SOURCE, ""
        else:
            answer, prefix = Answer.KEYED, "" if batch.picked is None else f"{batch.picked}."
            if is_list or below.list_names:
                return "a load cannot give lists of rows"
        return RowField(
            planned=planned,
            answer=answer,
            selection=below.rows,
            prefix=prefix,
            layout=Layout(_prefixed(prefix, below.projection), _prefixed(prefix, below.list_names)),
        )

    def _leaf_field(self, planned: PlannedField, batch: KeyedBatch) -> RowField | str:
        """The row field of an attribute of the found entity, or of a value that a function makes of it."""
        needs = batch.needs_found
        if batch.show is None:
            if batch.picked is None or not self._is_same_in_rows(nullable(planned.type)):
                return "what it shows can differ between an object and a record"
            needs = (batch.picked,)
        if needs is None:
            return "`needs_found` is not declared"
        layout = Layout(frozenset(needs), NO_NAMES)
        return RowField(
            planned=planned, answer=Answer.KEYED, selection=None, prefix="", layout=layout, names=tuple(needs)
        )

    def _is_same_in_rows(self, type_: Any) -> bool:
        """Whether records have the value of an object's attribute; an enum's member can be another value there."""
        return is_leaf_type(type_) and (is_specified_scalar_type(type_) or type_.name in self._left_to_json)


@dataclass(frozen=True, slots=True)
class _Found:
    """A row selection with the names of its columns and lists, which only selections above it need."""

    rows: RowSelection
    projection: Projection
    list_names: frozenset[str]


class _Parts:
    """The parts of one row selection."""

    def __init__(self, row_type: RowType, selection: Selection) -> None:
        self._row_type = row_type
        self._selection = selection
        self._values: dict[str, Value] = dict.fromkeys(selection.fields, Hole.TYPE_NAME)
        self._names: set[str] = set()
        self._list_names: set[str] = set()

    def add(
        self, key: str, planned: PlannedField, below: _Found | str | None, left_to_json: Mapping[str, type]
    ) -> str | None:
        """Adds a field, or returns the reason why it needs objects."""
        if planned.source is Source.BATCH:
            self._values[key] = Hole.BATCH
            return self._add_batch(planned.batch)
        if planned.source is not Source.ATTRIBUTE or planned.default_resolver is not getattr:
            return "not an attribute or batch field"
        bare = nullable(planned.type)
        if is_leaf_type(bare):
            return self._add_leaf(key, planned, bare, left_to_json)
        name, is_list = planned.attribute, is_list_type(bare)
        if name not in (self._row_type.lists if is_list else self._row_type.objects):
            return "not among the columns, objects and lists of the RowType"
        if not is_object_type(nullable(bare.of_type) if is_list else bare):
            return NO_OBJECTS
        if not isinstance(below, _Found):
            return below
        if is_list and not below.projection:
            return "a list without columns"
        self._names |= _prefixed(f"{name}.", below.projection)
        self._list_names |= _prefixed(f"{name}.", below.list_names)
        if is_list:
            self._list_names.add(name)
        self._values[key] = Inner(name, below.rows, is_list)
        return None

    def _add_leaf(
        self, key: str, planned: PlannedField, type_: GraphQLLeafType, left_to_json: Mapping[str, type]
    ) -> str | None:
        column = self._row_type.columns.get(planned.attribute)
        if column is None:
            return "not among the columns of the RowType"
        if column.is_nullable and not planned.is_nullable:
            return "a nullable column under a non-null field"
        proved = proof(type_, column, left_to_json)
        if proved is None:
            return f"the column does not prove a valid {type_.name}"
        self._values[key] = planned.attribute if proved is UNCHANGED else Converted(planned.attribute, proved)
        self._names.add(planned.attribute)
        return None

    def _add_batch(self, batch: ParentsBatch | KeyedBatch | None) -> str | None:
        assert batch is not None
        if batch.needs is None:
            return "a batch field without `needs`"
        shows = isinstance(batch, KeyedBatch) and batch.show is not None and batch.needs_found is None
        if shows and len(batch.needs) == 1:  # the key alone
            return "what `show` reads is not declared"
        for name in batch.needs:
            first, _, rest = name.partition(".")
            if first not in (self._row_type.objects if rest else self._row_type.columns):
                return f"needs {name}, which is not a column"
        self._names.update(batch.needs)
        return None

    @property
    def projection(self) -> Projection:
        return frozenset(self._names)

    @property
    def list_names(self) -> frozenset[str]:
        return frozenset(self._list_names) if self._list_names else NO_NAMES

    def row_selection(self) -> RowSelection:
        values = tuple(self._values.values())
        return RowSelection(
            number=self._selection.number,
            type_name=self._selection.type.name,
            keys=tuple(self._values),
            values=values,
            has_holes=any(each is Hole.BATCH or (isinstance(each, Inner) and each.rows.has_holes) for each in values),
        )


def _layouts(fields: Iterable[RowField | None]) -> list[Layout] | None:
    """The layouts of the fields; None if one of them needs objects."""
    layouts = []
    for each in fields:
        if each is None:
            return None
        layouts.append(each.layout)
    return layouts


def _union_of(fields: Iterable[RowField | None]) -> Layout | None:
    layouts = _layouts(fields)
    return None if layouts is None else _union(layouts)


def _union(layouts: Sequence[Layout]) -> Layout:
    projection = frozenset().union(*(each.projection for each in layouts))
    lists = frozenset().union(*(each.lists for each in layouts))
    same = [each for each in layouts if each.projection == projection and each.lists == lists]
    return same[0] if same else Layout(projection, lists)


def _prefixed(prefix: str, names: frozenset[str]) -> frozenset[str]:
    if not (prefix and names):
        return names
    return frozenset(_joined(prefix, name) for name in names)


@lru_cache(MOST_NAMES)
def _joined(prefix: str, name: str) -> str:
    """One object for all plans; the parts are names of attributes."""
    return f"{prefix}{name}"
