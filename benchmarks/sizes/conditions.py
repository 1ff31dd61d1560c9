"""Conditions of filters, generated from the schema: each comparison of each field, and random trees of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNamedInputType, get_named_type

from benchmarks.failures import BenchmarkError
from domain.shared.filters import DEEPEST

Examples = Mapping[str, Sequence[Any]]

COMBINED = frozenset({"and", "or", "not"})
QUANTIFIED = frozenset({"some", "every", "none"})
MOST_LEAVES = 10
COMMON, RARE = "", " rare"


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter with one comparison, and its name. A rare one matches few issues or none."""

    name: str
    filter: Mapping[str, Any]


def comparisons(filter: GraphQLNamedInputType, examples: Examples) -> Iterator[Condition]:
    """Each comparison of each field of the filter, alone."""
    yield from _of_type(filter, "", examples)


def _of_type(type_: GraphQLNamedInputType, path: str, examples: Examples) -> Iterator[Condition]:
    """Conditions of a field of that type. `path` leads to it, and names its examples."""
    if not isinstance(type_, GraphQLInputObjectType):
        common, rare = _examples(type_, path, examples)
        yield from (Condition(f"{path}{kind}", value) for kind, value in ((COMMON, common), (RARE, rare)))
        return
    fields = {name: get_named_type(field.type) for name, field in type_.fields.items() if name not in COMBINED}
    if type_.name.endswith("Comparator"):
        [operand] = {field.name: field for field in fields.values() if field.name != "Boolean"}.values()
        yield from _comparisons(list(fields), path, _examples(operand, path, examples))
        return
    for name, field in fields.items():
        inner = path if name in QUANTIFIED else f"{path}.{name}" if path else name
        for each in _of_type(field, inner, examples):
            said = each.name.removeprefix(inner) if name in QUANTIFIED else each.name
            yield Condition(f"{path} {name}{said}" if name in QUANTIFIED else said, {name: each.filter})


def _examples(type_: GraphQLNamedInputType, path: str, examples: Examples) -> Sequence[Any]:
    if isinstance(type_, GraphQLEnumType):
        return [next(iter(type_.values)), next(reversed(type_.values))]
    if path not in examples:
        raise BenchmarkError(f"Name values to compare {path} with.")
    return examples[path]


def _comparisons(operations: Sequence[str], path: str, values: Sequence[Any]) -> Iterator[Condition]:
    common, low, high = values[0], values[1], values[-1]
    for operation in operations:
        match operation:
            case "isNull":
                yield Condition(f"{path} isNull", {operation: True})
                yield Condition(f"{path} isNull not", {operation: False})
            case "in" | "notIn":
                yield Condition(f"{path} {operation}", {operation: [common, low]})
            case "neq":
                yield Condition(f"{path} {operation}", {operation: common})
            case "contains" | "startsWith":
                for kind, value in ((COMMON, common), (RARE, low)):
                    part = max(value.split(), key=len) if operation == "contains" else value[:4]
                    yield Condition(f"{path} {operation}{kind}", {operation: part})
            case _:
                rare = high if operation in {"gt", "gte"} else low
                for kind, value in ((COMMON, common), (RARE, rare)):
                    yield Condition(f"{path} {operation}{kind}", {operation: value})


def random_trees(leaves: Sequence[Condition], *, number: int, seed: int = 1) -> Iterator[Condition]:
    """Filters of 1 to 10 of these conditions, the same for each size of the data."""
    random = Random(seed)  # noqa: S311  nothing is secret, and it has to be the same each time
    for place in range(number):
        chosen = [random.choice(leaves) for _ in range(1 + place % MOST_LEAVES)]
        tree = _tree(random, chosen, depth=1)
        yield Condition(f"{place + 1}: {tree.name}", tree.filter)


def _tree(random: Random, leaves: Sequence[Condition], *, depth: int) -> Condition:
    if random.random() < 0.15 and depth < DEEPEST - 2:
        inner = _tree(random, leaves, depth=depth + 1)
        return Condition(f"not({inner.name})", {"not": inner.filter})
    if len(leaves) == 1:
        return leaves[0]
    name = random.choice(("and", "or"))
    # A leaf takes up to two levels of its own.
    if depth >= DEEPEST - 3:
        parts = list(leaves)
    else:
        middle = random.randint(1, len(leaves) - 1)
        parts = [_tree(random, half, depth=depth + 1) for half in (leaves[:middle], leaves[middle:])]
    return Condition(f"{name}({', '.join(part.name for part in parts)})", {name: [part.filter for part in parts]})
