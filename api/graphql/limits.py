"""Limits on GraphQL requests, checked in time linear in the document: each fragment is measured once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
)

from api.graphql.options import QueryLimits
from domain.shared.checks import is_storable
from domain.shared.errors import ErrorCode

INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


class LimitCode(StrEnum):
    """The `extensions.code` of a request that is too large; `extensions.limit` is the exceeded limit."""

    DOCUMENT_BYTES = "DOCUMENT_BYTES_LIMIT"
    TOKENS = "TOKENS_LIMIT"
    DEPTH = "DEPTH_LIMIT"
    INTROSPECTION_DEPTH = "INTROSPECTION_DEPTH_LIMIT"
    ALIASES = "ALIASES_LIMIT"
    ROOT_FIELDS = "ROOT_FIELDS_LIMIT"
    FIELDS = "FIELDS_LIMIT"
    OVERLAPS = "OVERLAPS_LIMIT"
    LIST_ITEMS = "LIST_ITEMS_LIMIT"
    VARIABLES_DEPTH = "VARIABLES_DEPTH_LIMIT"


def limit_error(code: LimitCode, limit: int, message: str, node: Any = None) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": code.value, "limit": limit})


@dataclass(slots=True)
class Size:
    """Size of a selection with its fragments expanded; depths count fields, not braces."""

    depth: int = 0  # without fields below `__schema` and `__type`
    whole_depth: int = 0
    introspection_depth: int = 0
    fields: int = 0
    aliases: int = 0
    root_fields: int = 0
    root_names: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Spread:
    """Spread of a fragment: its depth in fields, and its depth below `__schema` or `__type`."""

    name: str
    depth: int
    introspection_depth: int


@dataclass(slots=True)
class _Definition:
    """One operation or fragment, measured without its spreads."""

    size: Size
    spreads: list[_Spread] = field(default_factory=list)


def measure(document: DocumentNode) -> list[tuple[OperationDefinitionNode, Size]]:
    """The size of every operation. Counts are capped far above any limit; cycles of fragments count once."""
    fragments: dict[str, _Definition] = {}
    operations = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = _own_size(definition.selection_set)
        elif isinstance(definition, OperationDefinitionNode):
            operations.append((definition, _own_size(definition.selection_set)))
    sizes: dict[str, Size] = {}
    for name in _inner_first(fragments):
        sizes[name] = _expanded(fragments[name], sizes)
    return [(operation, _expanded(own, sizes)) for operation, own in operations]


def _own_size(root: SelectionSetNode) -> _Definition:
    size = Size()
    found = _Definition(size=size)
    root_names: set[str] = set()
    stack: list[tuple[SelectionNode, int, int]] = [(node, 0, 0) for node in root.selections]
    while stack:
        node, depth, inner = stack.pop()
        if isinstance(node, FragmentSpreadNode):
            found.spreads.append(_Spread(node.name.value, depth, inner))
            continue
        if isinstance(node, FieldNode):
            depth += 1
            if inner or node.name.value in INTROSPECTION_FIELDS:
                inner += 1
                size.introspection_depth = max(size.introspection_depth, inner)
            else:
                size.depth = max(size.depth, depth)
            size.whole_depth = max(size.whole_depth, depth)
            size.fields += 1
            size.aliases += node.alias is not None
            if depth == 1:
                size.root_fields += 1
                root_names.add(node.name.value)
        children = getattr(node, "selection_set", None)
        if children is not None:
            stack.extend((child, depth, inner) for child in children.selections)
    size.root_names = frozenset(root_names)
    return found


_MOST = 1_000_000


def _expanded(definition: _Definition, fragments: Mapping[str, Size]) -> Size:
    total = definition.size
    root_names = set(total.root_names)
    for spread in definition.spreads:
        inner = fragments.get(spread.name)
        if inner is None:  # undefined, or part of a cycle: validation refuses both
            continue
        total.whole_depth = max(total.whole_depth, spread.depth + inner.whole_depth)
        if spread.introspection_depth:
            below = spread.introspection_depth + inner.whole_depth
            total.introspection_depth = max(total.introspection_depth, below)
        else:
            total.depth = max(total.depth, spread.depth + inner.depth)
            total.introspection_depth = max(total.introspection_depth, inner.introspection_depth)
        total.fields = min(total.fields + inner.fields, _MOST)
        total.aliases = min(total.aliases + inner.aliases, _MOST)
        if spread.depth == 0:
            total.root_fields = min(total.root_fields + inner.root_fields, _MOST)
            root_names |= inner.root_names
    total.root_names = frozenset(root_names)
    return total


def _inner_first(fragments: Mapping[str, _Definition]) -> Iterator[str]:
    """Names of fragments, each after those that it spreads; iterative, because chains can be long."""
    done: set[str] = set()
    for start in fragments:
        path = [(start, iter(fragments[start].spreads))] if start not in done else []
        done.add(start)
        while path:
            name, spreads = path[-1]
            following = next((each.name for each in spreads if each.name in fragments and each.name not in done), None)
            if following is None:
                path.pop()
                yield name
            else:
                done.add(following)
                path.append((following, iter(fragments[following].spreads)))


def check_sizes(sizes: Sequence[tuple[OperationDefinitionNode, Size]], limits: QueryLimits) -> GraphQLError | None:
    """An error for the first limit that an operation exceeds, or for too many fields in all operations together."""
    for operation, size in sizes:
        rules = (
            (LimitCode.DEPTH, size.depth, limits.depth, "can nest fields at most {} levels deep"),
            (
                LimitCode.INTROSPECTION_DEPTH,
                size.introspection_depth,
                limits.introspection_depth,
                "can nest introspection fields at most {} levels deep",
            ),
            (LimitCode.ROOT_FIELDS, size.root_fields, limits.root_fields, "can have at most {} root fields"),
            (LimitCode.ALIASES, size.aliases, limits.aliases, "can have at most {} aliases"),
        )
        for code, count, limit, rule in rules:
            if count > limit:
                return limit_error(code, limit, f"An operation {rule.format(limit)}.", operation)
    if sum(size.fields for _, size in sizes) > limits.fields:
        message = f"A document can have at most {limits.fields} fields with its fragments expanded."
        return limit_error(LimitCode.FIELDS, limits.fields, message)
    return None


def check_overlaps(document: DocumentNode, limits: QueryLimits) -> GraphQLError | None:
    """An error if too many pairs of fields share a response name in one place.

    Validation compares each of these pairs, so that its time grows with the square of the document.
    """
    fragments = {
        each.name.value: each.selection_set for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    count = _OverlapCount(fragments, most_pairs=limits.overlaps, most_fields=limits.fields)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            count.add(operation.selection_set)
            if count.pairs > limits.overlaps:
                message = f"An operation can select at most {limits.overlaps} pairs of fields with one response name."
                return limit_error(LimitCode.OVERLAPS, limits.overlaps, message, operation)
    return None


class _OverlapCount:
    """Counts pairs of fields with one response name in one place.

    The count stops at `most_fields`, because cycles of fragments never end; validation refuses those.
    """

    def __init__(self, fragments: Mapping[str, SelectionSetNode], *, most_pairs: int, most_fields: int) -> None:
        self._fragments = fragments
        self._most_pairs = most_pairs
        self._fields_left = most_fields
        self.pairs = 0

    def add(self, root: SelectionSetNode) -> None:
        places = [[root]]
        while places and self.pairs <= self._most_pairs and self._fields_left > 0:
            for same in self._fields_at(places.pop()).values():
                self._fields_left -= len(same)
                self.pairs += len(same) * (len(same) - 1) // 2
                below = [each.selection_set for each in same if each.selection_set is not None]
                if below:
                    places.append(below)

    def _fields_at(self, place: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Fields of merged selections by response name; each fragment counts once, as in validation."""
        fields: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        stack = list(place)
        while stack:
            for node in stack.pop().selections:
                if isinstance(node, FieldNode):
                    fields.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    stack.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    if node.name.value in self._fragments:
                        stack.append(self._fragments[node.name.value])
        return fields


def check_literals(document: DocumentNode, limits: QueryLimits) -> GraphQLError | None:
    """An error for the first list in the arguments with too many items, or text that cannot be stored."""
    stack: list[Any] = list(document.definitions)
    while stack:
        node = stack.pop()
        if isinstance(node, ListValueNode) and len(node.values) > limits.list_items:
            message = f"A list can have at most {limits.list_items} items."
            return limit_error(LimitCode.LIST_ITEMS, limits.list_items, message, node)
        if isinstance(node, StringValueNode) and not is_storable(node.value):
            return _unstorable("Text", node)
        stack.extend(_inputs_below(node))
    return None


def _inputs_below(node: Any) -> Iterator[Any]:
    """Child nodes that can hold argument values."""
    if isinstance(node, ListValueNode):
        yield from node.values
    elif isinstance(node, ObjectValueNode):
        yield from (each.value for each in node.fields)
    elif not isinstance(node, ValueNode):
        for variable in getattr(node, "variable_definitions", None) or ():
            yield from variable.directives or ()
            if variable.default_value is not None:
                yield variable.default_value
        yield from getattr(node, "directives", None) or ()
        yield from (argument.value for argument in getattr(node, "arguments", None) or ())
        selection_set = getattr(node, "selection_set", None)
        if selection_set is not None:
            yield from selection_set.selections


def check_variables(variables: Mapping[str, Any], limits: QueryLimits) -> GraphQLError | None:
    """An error for the first list with too many items, too deep value or unstorable text in the variables."""
    for name, value in variables.items():
        error = _check_value(name, value, limits)
        if error is not None:
            return error
    return None


def _check_value(name: str, value: Any, limits: QueryLimits) -> GraphQLError | None:
    stack: list[tuple[str, Any, int]] = [("", value, 0)]
    while stack:
        field, value, depth = stack.pop()
        if isinstance(value, str):
            if not is_storable(value):
                return _unstorable(f"`{field}` in `${name}`" if field else f"`${name}`")
            continue
        if not isinstance(value, dict | list):
            continue
        if depth >= limits.variables_depth:
            message = f"Variables can be nested at most {limits.variables_depth} levels deep."
            return limit_error(LimitCode.VARIABLES_DEPTH, limits.variables_depth, message)
        if isinstance(value, dict):
            stack.extend((key, child, depth + 1) for key, child in value.items())
        elif len(value) > limits.list_items:
            message = f"A list can have at most {limits.list_items} items."
            return limit_error(LimitCode.LIST_ITEMS, limits.list_items, message)
        else:
            stack.extend((field, child, depth + 1) for child in value)
    return None


def _unstorable(where: str, node: Any = None) -> GraphQLError:
    message = f"{where} must not contain NUL or lone surrogates."
    return GraphQLError(message, node, extensions={"code": ErrorCode.INVALID_INPUT.value})
