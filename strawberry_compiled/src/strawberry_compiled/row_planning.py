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
from strawberry_compiled.leaves import UNCHANGED, Proof, nullable, proof
from strawberry_compiled.planning import NOTHING, PlannedField, Selection, Source
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSelection:
    """A selection whose data can be made from records. The mappings are by response key."""

    selection: Selection
    """The selection without leaves and `__typename`, so that a plan keeps nothing else of them."""
    keys: tuple[str, ...]
    """All response keys, in their order."""
    leaves: Mapping[str, tuple[str, Proof]]
    objects: Mapping[str, tuple[str, "RowSelection"]]
    lists: Mapping[str, tuple[str, "RowSelection"]]
    has_holes: bool
    """Whether batch fields of the selection, or below it in the same record or its lists, are written later."""


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
    makers: dict[Layout, Callable[..., Any]] = field(default_factory=dict)
    """Generated functions by the layout of records."""


class RowPlanner:
    """Finds the row selections and row fields of one plan, from the leaves of its tree upwards."""

    def __init__(self, row_types: Mapping[str, RowType], left_to_json: Mapping[str, type]) -> None:
        self._row_types = row_types
        self._left_to_json = left_to_json
        self._selections: dict[int, _Found | str] = {}
        self._loads: dict[Load, list[RowField | None]] = {}
        self._of_loads: dict[Load, tuple[int, Layout | None]] = {}
        self._unions: dict[frozenset[Layout], Layout | None] = {}
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

    def part_of(self, selection: Selection) -> Selection:
        """The part of a row selection that a plan keeps."""
        known = self._selections[selection.number]
        assert isinstance(known, _Found)
        return known.rows.selection

    def end(self) -> None:
        """Forgets what only selections above those that were added would need."""
        self._selections.clear()

    def of_load(self, load: Load) -> Layout | None:
        """The layout that serves all fields of the plan with this `load`; None if one of them needs objects."""
        known = self._of_loads.get(load)
        if known is None or known[0] != len(self.fields_of(load)):
            fields = list(self.fields_of(load))  # another thread may add fields at any time
            known = self._of_loads[load] = len(fields), self.common(fields)
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

    def common(self, fields: Iterable[RowField | None]) -> Layout | None:
        """The layout that serves all of these fields; None if one of them needs objects."""
        layouts = []
        for each in fields:
            if each is None:
                return None
            layouts.append(each.layout)
        if all(each is layouts[0] for each in layouts):
            return layouts[0]
        key = frozenset(layouts)
        if key not in self._unions:
            self._unions[key] = self._union(layouts)
        return self._unions[key]

    def _union(self, layouts: Sequence[Layout]) -> Layout | None:
        if len(self._unions) >= MOST_LAYOUTS:
            return None
        projection = frozenset().union(*(each.projection for each in layouts))
        lists = frozenset().union(*(each.lists for each in layouts))
        same = [each for each in layouts if each.projection == projection and each.lists == lists]
        return same[0] if same else Layout(projection, lists)

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
        self._leaves: dict[str, tuple[str, Proof]] = {}
        self._objects: dict[str, tuple[str, RowSelection]] = {}
        self._lists: dict[str, tuple[str, RowSelection]] = {}
        self._names: set[str] = set()
        self._list_names: set[str] = set()

    def add(
        self, key: str, planned: PlannedField, below: _Found | str | None, left_to_json: Mapping[str, type]
    ) -> str | None:
        """Adds a field, or returns the reason why it needs objects."""
        if planned.source is Source.BATCH:
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
        (self._lists if is_list else self._objects)[key] = name, below.rows
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
        self._leaves[key] = _unchanged_leaf(planned.attribute) if proved is UNCHANGED else (planned.attribute, proved)
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
        inner = (*self._objects.values(), *self._lists.values())
        fields = {
            key: each for key, each in self._selection.fields.items() if each is not None and key not in self._leaves
        }
        kept = Selection(number=self._selection.number, type=self._selection.type, fields=fields or NOTHING)
        return RowSelection(
            selection=kept,
            keys=tuple(self._selection.fields),
            leaves=self._leaves or NOTHING,
            objects=self._objects or NOTHING,
            lists=self._lists or NOTHING,
            has_holes=bool(self._selection.batches) or any(below.has_holes for _, below in inner),
        )


@lru_cache(MOST_NAMES)
def _unchanged_leaf(name: str) -> tuple[str, Proof]:
    """A leaf whose values stay as they are; one object for all plans."""
    return name, UNCHANGED


def _prefixed(prefix: str, names: frozenset[str]) -> frozenset[str]:
    if not (prefix and names):
        return names
    return frozenset(f"{prefix}{name}" for name in names)
