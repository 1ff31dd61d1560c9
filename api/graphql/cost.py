"""Cost of an operation before it runs: one point for each object that it can read, with lists at full size.

    object        1 + cost of its selection; scalars, PageInfo and RateLimit are free
    value         cost of its selection: a change in a history, or an object that it names
    connection    1 + size * (1 + cost of an item's selection) + 10 for totalCount, totalCountIsExact or both
    short list    size * (1 + cost of an item's selection), with the largest size that the list can have
    events        size / 20, rounded up for each list, + size * cost of an event's selection
    mutation      10 + cost of the payload's selection
    batch         10 + 1 for each object that it changes + cost of the payload's selection, with as many `results`
    __schema      100, and so __type
    condition     1 or 10, for each list that the filter is applied to (conditions.py)

The size of a connection is `first` or `last`, or else the default size of the list. Fields that are selected twice in
one place count once. `@skip` and `@include` are ignored, so that skipped fields count. The least cost is 1.

The formula of an operation is compiled once per document. Evaluating it takes a few additions and multiplications for
each list whose size depends on a variable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    value_from_ast_untyped,
)

from api.graphql.batch_rows import BatchRows, rows_size
from api.graphql.conditions import FILTER_ARGUMENT, Conditions, Variables, conditions_of
from api.graphql.sizes import Size
from api.shared.list_sizes import COUNT_FIELDS, FREE_TYPES, OF_ROWS, default_size, is_read_with_parent, rows_of, size_of
from domain.shared.pages import MOST

COUNT_POINTS = 10  # `totalCount` may count up to 10,000 items in the database
MUTATION_POINTS = 10
INTROSPECTION_POINTS = 100
MOST_POINTS = 1_000_000_000  # upper bound of the computation
INTROSPECTION = frozenset({"__schema", "__type"})
LIMIT_CODE = "COST_LIMIT"


_ONE = Size()


@dataclass(slots=True, kw_only=True)
class _Part:
    """A field that reads objects: `base` points once, `item` points and the parts below for each item."""

    label: str = ""
    argument: str = ""  # argument that reduces the cost, for the error message
    base: int = 0
    lasting: int = 0  # points of `base` that are charged even if nothing is found
    item: int = 1
    size: Size = _ONE
    conditions: Conditions | BatchRows | None = None
    below: list["_Part"] = field(default_factory=list)

    def points(self, variables: Variables) -> int:
        inside = self.item + sum(part.points(variables) for part in self.below)
        conditions = 0 if self.conditions is None else self.conditions.points(variables)
        return min(self.base + conditions + self.size.of(variables) * inside, MOST_POINTS)


_Step: TypeAlias = tuple[int, Size, int, tuple[int, ...]]  # base, size, fixed points inside, earlier steps inside
_Applied: TypeAlias = tuple[
    Conditions | BatchRows, tuple[Size, ...]
]  # conditions of a filter, sizes of the lists around its list


class Price(NamedTuple):
    """Maximum points of an operation, of which `lasting` are charged whatever the operation finds."""

    points: int
    lasting: int


@dataclass(frozen=True, slots=True)
class CostFormula:
    """The cost of one operation. `lasting` and the points of conditions are charged whatever the operation finds."""

    root: _Part
    lasting: int
    fixed: int
    steps: Sequence[_Step]
    conditions: Sequence[_Applied] = ()

    def price(self, variables: Variables | None) -> Price:
        known = variables or {}
        points = self._rows(known) if self.steps else self.fixed
        if not self.conditions:
            return Price(points, self.lasting)
        checks = sum(each.points(known) * prod(size.of(known) for size in sizes) for each, sizes in self.conditions)
        checks = min(checks, MOST_POINTS)
        return Price(min(points + checks, MOST_POINTS), self.lasting + checks)

    def points(self, variables: Variables | None) -> int:
        return self.price(variables).points

    def _rows(self, known: Variables) -> int:
        values: list[int] = []
        for base, size, inside, earlier in self.steps:
            for step in earlier:
                inside += values[step]
            total = base + size.of(known) * inside
            values.append(min(MOST_POINTS, total))
        return values[-1] or 1


def cost_formula(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, most_fields: int
) -> CostFormula:
    """Cost formula for one operation of a valid document; counting stops after `most_fields` fields."""
    root = _Parts(schema, document, operation, most_fields=most_fields).root()
    steps: list[_Step] = []
    fixed, last = _compile(root, steps)
    return CostFormula(root, _lasting(root), max(fixed, 1) if last is None else 0, steps, tuple(_applied(root, ())))


def _lasting(part: _Part) -> int:
    """Points that the part costs even if all its lists are empty."""
    return part.lasting + sum(map(_lasting, part.below)) if part.size is _ONE else part.lasting


def _applied(part: _Part, around: tuple[Size, ...]) -> Iterator[_Applied]:
    """The conditions of the part and below, with the sizes of the lists around them."""
    if part.conditions is not None:
        yield part.conditions, around
    inside = around if part.size is _ONE else (*around, part.size)
    for below in part.below:
        yield from _applied(below, inside)


def _compile(part: _Part, steps: list[_Step]) -> tuple[int, int | None]:
    """Points of the part if they are fixed, or else the index of the step that computes them."""
    inside, earlier = part.item, []
    for below in part.below:
        points, step = _compile(below, steps)
        if step is None:
            inside += points
        else:
            earlier.append(step)
    if not earlier and part.size.is_fixed:
        return min(part.base + part.size.of({}) * inside, MOST_POINTS), None
    steps.append((part.base, part.size, inside, tuple(earlier)))
    return 0, len(steps) - 1


@dataclass(slots=True)
class _Selected:
    """A field of one place in the operation, with the merged selections of all its occurrences."""

    node: FieldNode
    owner: str
    definition: GraphQLField
    selections: list[SelectionSetNode]

    @property
    def name(self) -> str:
        return self.node.name.value

    @property
    def kind(self) -> str:
        return get_named_type(self.definition.type).name

    @property
    def is_list(self) -> bool:
        return isinstance(get_nullable_type(self.definition.type), GraphQLList)


class _Parts:
    """Builder of the parts of one operation."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, most_fields: int
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._defaults = {
            each.variable.name.value: None if each.default_value is None else value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
        }
        self._fields_left = most_fields
        self._rows: Size = _ONE  # of the mutation whose selection is being read

    def root(self) -> _Part:
        kind = self._schema.get_root_type(self._operation.operation)
        assert kind is not None
        selections = [self._operation.selection_set]
        introspections = self._count_introspections(selections)
        below = self._parts(kind.name, selections)
        if self._operation.operation is OperationType.MUTATION:
            for part in below:
                part.base += MUTATION_POINTS - part.item
                part.lasting += MUTATION_POINTS
        points = INTROSPECTION_POINTS * introspections
        return _Part(base=points, lasting=points, item=0, below=below)

    def _count_introspections(self, selections: list[SelectionSetNode]) -> int:
        found = set()
        stack, seen = list(selections), set()
        while stack:
            for node in stack.pop().selections:
                if isinstance(node, FieldNode):
                    if node.name.value in INTROSPECTION:
                        found.add((node.alias or node.name).value)
                elif isinstance(node, InlineFragmentNode):
                    stack.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    stack.append(self._fragments[node.name.value].selection_set)
        return len(found)

    def _parts(self, owner: str, selections: list[SelectionSetNode]) -> list[_Part]:
        found = self._selected(owner, selections)
        return [self._part(each) for each in found if self._reads(each)]

    def _reads(self, selected: _Selected) -> bool:
        return is_composite_type(get_named_type(selected.definition.type)) and selected.kind not in FREE_TYPES

    def _part(self, selected: _Selected) -> _Part:
        points = 0 if is_read_with_parent(get_named_type(selected.definition.type)) else 1
        part = _Part(label=(selected.node.alias or selected.node.name).value, item=points)
        filtered = self._argument(selected.node, FILTER_ARGUMENT)
        if filtered is not None:
            part.conditions = conditions_of(filtered, self._defaults)
        path = rows_of(selected.definition)
        if path is not None:
            self._rows = rows_size(self._argument(selected.node, "input"), path, self._defaults)
            part.conditions = BatchRows(self._rows)
        if "first" in selected.definition.args:
            self._fill_page(part, selected)
            return _priced(part, selected)
        size = size_of(selected.definition) if selected.is_list else None
        if size is not None and size.counted_by == OF_ROWS:
            part.size = self._rows
        elif size is not None and size.at_most is not None:
            part.argument = size.counted_by
            part.size = self._size(selected, (part.argument,), otherwise=size.at_most, most=size.at_most)
        part.below = self._parts(selected.kind, selected.selections)
        return _priced(part, selected)

    def _fill_page(self, part: _Part, selected: _Selected) -> None:
        default, size = selected.definition.args["first"].default_value, size_of(selected.definition)
        is_backward = self._argument(selected.node, "last") is not None
        part.argument = "last" if is_backward and self._argument(selected.node, "first") is None else "first"
        part.base = 1
        part.size = self._size(
            selected,
            ("first", "last"),
            otherwise=default if isinstance(default, int) else default_size(selected.owner),
            most=MOST if size is None or size.at_most is None else size.at_most,
        )
        for each in self._selected(selected.kind, selected.selections):
            if each.name in COUNT_FIELDS:
                part.lasting = COUNT_POINTS
            elif not self._reads(each):
                continue
            elif each.name == "edges":
                for inner in self._selected(each.kind, each.selections):
                    if self._reads(inner):
                        part.below += self._parts(inner.kind, inner.selections)
            elif each.is_list:
                part.below += self._parts(each.kind, each.selections)
            else:
                part.below.append(self._part(each))
        part.base += part.lasting

    def _size(self, selected: _Selected, names: tuple[str, ...], *, otherwise: int, most: int) -> Size:
        given: list[int | str] = []
        for name in names:
            value = self._argument(selected.node, name)
            if isinstance(value, VariableNode):
                given.append(value.name.value)
            elif isinstance(value, IntValueNode):
                given.append(int(value.value))
            elif isinstance(value, ListValueNode):
                given.append(len(value.values))
        variables = {name: self._defaults.get(name) for name in given if isinstance(name, str)}
        return Size(given=tuple(given), defaults=variables, otherwise=otherwise, most=most)

    def _argument(self, node: FieldNode, name: str) -> ValueNode | None:
        return next((each.value for each in node.arguments or () if each.name.value == name), None)

    def _selected(self, owner: str, selections: list[SelectionSetNode]) -> list[_Selected]:
        """Fields of merged selections, one for each type and response name; each fragment is expanded once."""
        found: dict[tuple[str, str], _Selected] = {}
        stack = [(owner, each) for each in reversed(selections)]
        seen: set[str] = set()
        while stack:
            owner, selection_set = stack.pop()
            for node in selection_set.selections:
                if isinstance(node, FieldNode):
                    self._add(found, owner, node)
                elif isinstance(node, InlineFragmentNode):
                    kind = node.type_condition.name.value if node.type_condition else owner
                    stack.append((kind, node.selection_set))
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    stack.append((fragment.type_condition.name.value, fragment.selection_set))
        return list(found.values())

    def _add(self, found: dict[tuple[str, str], _Selected], owner: str, node: FieldNode) -> None:
        kind: Any = self._schema.type_map[owner]
        definition = getattr(kind, "fields", {}).get(node.name.value)
        self._fields_left -= 1
        # Other checks refuse fragments that overlap without end; this loop only has to terminate.
        if definition is None or self._fields_left < 0:
            return
        key = (owner, (node.alias or node.name).value)
        if key not in found:
            found[key] = _Selected(node, owner, definition, [])
        if node.selection_set is not None:
            found[key].selections.append(node.selection_set)
        else:
            assert is_leaf_type(get_named_type(definition.type))


def _priced(part: _Part, selected: _Selected) -> _Part:
    """The part of a list; if several items cost one point, with their points beside what is read below them."""
    size = size_of(selected.definition)
    if size is None or size.per_point == 1:
        return part
    items = _Part(label=part.label, argument=part.argument, size=replace(part.size, per_point=size.per_point))
    below = _Part(label=part.label, argument=part.argument, item=0, size=part.size, below=part.below)
    return _Part(label=part.label, item=part.base, below=[items, below] if part.below else [items])


def check_cost(formula: CostFormula, variables: Variables | None, *, limit: int) -> Price:
    """Price of the operation. Raises CostLimitExceeded, whose message names the costliest path and a fitting size."""
    price = formula.price(variables)
    if price.points > limit:
        message = _excess(formula, variables or {}, price.points, limit)
        raise CostLimitExceeded(message, limit=limit, points=price.points)
    return price


class CostLimitExceeded(GraphQLError):
    def __init__(self, message: str, *, limit: int, points: int) -> None:
        super().__init__(message, extensions={"code": LIMIT_CODE, "limit": limit, "cost": points})


def _excess(formula: CostFormula, variables: Variables, points: int, limit: int) -> str:
    path, part = [], formula.root
    weights = []  # points of the operation for each item of the list at that position of the path
    times = 1
    while part.below:
        times *= part.size.of(variables)
        part = max(part.below, key=lambda below: below.points(variables))
        path.append(part)
        inside = part.item + sum(below.points(variables) for below in part.below)
        weights.append(times * inside)
    named = " > ".join(_named(part, variables) for part in path)
    costly = path[0].points(variables) if path else points
    message = (
        f"This operation costs {points:,} points, and the limit is {limit:,}. Largest part: {named} costs {costly:,}"
    )
    for part, weight in reversed(list(zip(path, weights, strict=True))):
        size = part.size.of(variables)
        fitting = size - -(-(points - limit) // max(weight, 1))
        if part.argument in ("first", "last") and fitting >= 1:
            return f"{message}. Set `{part.argument}: {fitting}` on `{part.label}` to stay within the limit."
    return f"{message}. Request less in one operation."


def _named(part: _Part, variables: Variables) -> str:
    return f"{part.label}({part.argument}: {part.size.of(variables)})" if part.argument else part.label
