"""Random valid operations on any schema."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from graphql import (
    GraphQLCompositeType,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_object_type,
)
from graphql.utilities import do_types_overlap

from strawberry_compiled.testing.fuzzing.inputs import ArgumentWriter, Values

# Names that could conflict with generated code, Python or GraphQL.
ALIASES = ("a", "b", "data", "class", "None", "self", "_", "__x", "on", "true", "run", "id", "waits", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    text: str
    name: str | None
    variables: Mapping[str, Any]
    kind: OperationType = OperationType.QUERY
    selected: frozenset[tuple[str, str]] = frozenset()
    """Names of type and field of all requested fields."""
    introspects: bool = False
    """Whether the root has `__schema` or `__type`, which graphql-core answers itself."""

    def with_variables(self, variables: Mapping[str, Any]) -> "Operation":
        return replace(self, variables=variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes of operations."""

    fields: int = 45
    """Approximate number of selections."""
    depth: int = 6
    items: float = 60.0
    """Limit on the number of executions of a selection, with 1.6 items per list."""
    entry: str = ""
    """Root field of queries from which most types can be reached; selected most of the time."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    on: GraphQLNamedType
    text: str


class OperationWriter:
    """Writes one operation; `again` gives it new variables."""

    def __init__(
        self, schema: GraphQLSchema, chance: random.Random, values: Values | None = None, sizes: Sizes | None = None
    ) -> None:
        self._schema = schema
        self._random = chance
        self._sizes = sizes or Sizes()
        self._arguments = ArgumentWriter(values or Values(chance))
        self._fields_left = self._sizes.fields
        self._keys: dict[str, tuple[str, str, str]] = {"__typename": ("__typename", "String!", "")}
        self._known_arguments: dict[tuple[str, str], str] = {}
        self._fragments: dict[str, _Fragment] = {}
        self._fragment_count = 0
        self._selected: set[tuple[str, str]] = set()
        self._introspects = False
        self._narrow = chance.random() < 0.04
        """A chain: deep, but one field wide."""

    def operation(self, kind: OperationType) -> Operation:
        r = self._random
        root = self._schema.get_root_type(kind)
        assert root is not None
        body = self._stream(root) if kind is OperationType.SUBSCRIPTION else self._selection(root, 0, 1.0, root=True)
        name = "Main" if r.random() < 0.5 else None
        other = ""
        if r.random() < 0.05:
            name, other = "Main", "\nquery Other { __typename }"
        definitions = ", ".join(
            f"${key}: {variable.type_text}{f' = {variable.default}' if variable.default else ''}"
            for key, variable in self._arguments.variables.items()
        )
        head = f"{kind.value} {name or ''}{f'({definitions})' if definitions else ''}"
        fragments = "".join(
            f"\nfragment {key} on {fragment.on.name} {fragment.text}" for key, fragment in self._fragments.items()
        )
        text = f"{body}{fragments}" if head == "query " and r.random() < 0.5 else f"{head} {body}{fragments}{other}"
        return Operation(
            text=text,
            name=name if other else r.choice([name, None]),
            variables=self._arguments.given(),
            kind=kind,
            selected=frozenset(self._selected),
            introspects=self._introspects,
        )

    def again(self, operation: Operation) -> Operation:
        return operation.with_variables(self._arguments.given())

    def _stream(self, root: GraphQLObjectType) -> str:
        name, field = self._random.choice(list(root.fields.items()))
        written = self._field(root, name, field, 0, 1.0, may_vanish=False)
        return f"{{ {written} }}" if self._random.random() < 0.8 else f"{{ ... on {root.name} {{ {written} }} }}"

    def _selection(self, type_: GraphQLNamedType, depth: int, items: float, *, root: bool = False) -> str:
        r = self._random
        fields: dict[str, GraphQLField] = getattr(type_, "fields", {})
        leaves = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))]
        others = [name for name in fields if name not in leaves]
        parts: list[str] = []
        if not self._narrow or depth > 25:
            parts += [self._field(type_, name, fields[name], depth, items) for name in self._some(leaves, 4)]
        if self._may_descend(depth, items):
            most = 1 if self._narrow else 4 if root else 3
            fitting = [name for name in others if items * _items(fields[name].type) <= self._sizes.items]
            chosen = self._some(fitting, most)
            if root and self._sizes.entry in fields and r.random() < 0.8:
                chosen = [self._sizes.entry, *chosen]
            parts += [self._field(type_, name, fields[name], depth, items) for name in chosen]
            parts += self._fragments_on(cast("GraphQLCompositeType", type_), depth, items)
        if parts and r.random() < 0.12:
            parts += [self._field(type_, r.choice(leaves), None, depth, items)] if leaves else []
        if not parts or r.random() < 0.25:
            parts.append(self._typename())
        if root and r.random() < 0.01:
            self._introspects = True
            parts.append("__schema { queryType { name } }")
        r.shuffle(parts)
        return "{ " + " ".join(parts) + " }"

    def _some(self, names: list[str], most: int) -> list[str]:
        count = min(len(names), self._random.randint(0 if most < 3 else 1, most))
        chosen = self._random.sample(names, count)
        if chosen and self._random.random() < 0.15:
            chosen.append(chosen[0])  # a repeated field, to be merged
        return chosen

    def _may_descend(self, depth: int, items: float) -> bool:
        limit = 26 if self._narrow else self._sizes.depth
        return depth < limit and self._fields_left > 0 and items <= self._sizes.items

    def _typename(self) -> str:
        alias = f"{self._key(('__typename', 'String!', ''), '__typename')}"
        return f"{alias}{self._directives()}"

    def _field(
        self,
        owner: GraphQLNamedType,
        name: str,
        field: GraphQLField | None,
        depth: int,
        items: float,
        *,
        may_vanish: bool = True,
    ) -> str:
        r = self._random
        self._fields_left -= 1
        self._selected.add((owner.name, name))
        field = field or owner.fields[name]  # type: ignore[attr-defined]
        known = self._known_arguments.get((owner.name, name))
        if known is not None and r.random() < 0.5:
            arguments = known
        else:
            arguments = self._arguments.arguments(field.args) if field.args else ""
            self._known_arguments[owner.name, name] = arguments
        written = self._key((name, str(field.type), arguments), name)
        directives = self._directives() if may_vanish else ""
        type_ = get_named_type(field.type)
        below = ""
        if is_composite_type(type_):
            below = " " + self._selection(type_, depth + 1, items * _items(field.type))
        return f"{written}{directives}{below}"

    def _key(self, signature: tuple[str, str, str], name: str) -> str:
        """`name(arguments)`, with an alias if the document uses the name for another field."""
        r = self._random
        field, _, arguments = signature
        # One function often serves several fields, which then share a call.
        likely = 0.3 if signature in self._keys.values() else 0.12
        wanted = r.choice(ALIASES) if r.random() < likely else name
        if self._keys.setdefault(wanted, signature) != signature:
            wanted = next((key for key, known in self._keys.items() if known == signature), f"{name}_{len(self._keys)}")
            self._keys[wanted] = signature
        alias = "" if wanted == field else f"{wanted}: "
        return f"{alias}{field}{arguments}"

    def _directives(self) -> str:
        r = self._random
        if r.random() > 0.1:
            return ""
        chosen = r.choice([["skip"], ["include"], ["include", "skip"]])
        return "".join(f" @{name}(if: {self._arguments.flag()})" for name in chosen)

    def _fragments_on(self, type_: GraphQLCompositeType, depth: int, items: float) -> list[str]:
        r = self._random
        written: list[str] = []
        likely = 0.6 if not is_object_type(type_) else 0.15
        for on in self._overlapping(type_):
            if r.random() > likely / (1 + 0.5 * len(written)) or not self._may_descend(depth, items):
                continue
            draw = r.random()
            if draw < 0.5:
                condition = "" if on is type_ and r.random() < 0.5 else f" on {on.name}"
                written.append(f"...{condition}{self._directives()} {self._selection(on, depth + 1, items)}")
            elif draw < 0.8:
                written.append(f"...{self._fragment(on, depth, items)}{self._directives()}")
            else:
                known = [key for key, each in self._fragments.items() if each.on is on]
                if known and items < 4:
                    written.append(f"...{r.choice(known)}{self._directives()}")
        return written

    def _fragment(self, on: GraphQLNamedType, depth: int, items: float) -> str:
        self._fragment_count += 1
        name = f"Part{self._fragment_count}"
        text = self._selection(on, depth + 1, items)
        # registered after its selection is written, so that no fragment contains itself
        self._fragments[name] = _Fragment(on, text)
        return name

    def _overlapping(self, type_: GraphQLCompositeType) -> list[GraphQLCompositeType]:
        possible = [
            each
            for each in self._schema.type_map.values()
            if is_composite_type(each)
            and not each.name.startswith("__")
            and do_types_overlap(self._schema, type_, each)
        ]
        self._random.shuffle(possible)
        return [each for each in possible if not isinstance(each, GraphQLUnionType) or type_ is each][:4]


def _items(type_: Any) -> float:
    """Approximate number of values of the named type in a field."""
    if isinstance(type_, GraphQLNonNull):
        return _items(type_.of_type)
    return 1.6 * _items(type_.of_type) if isinstance(type_, GraphQLList) else 1.0
