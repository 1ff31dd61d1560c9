"""Generation of Python source from a plan: one function per selection, and one per batch field for its results.

The functions handle usual values inline. For all others (exceptions, awaitables, wrong types, classes not seen before)
they call `completion.py`, which uses graphql-core.
"""

from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Any

from graphql import (
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from strawberry_compiled.batching import KeyedBatch
from strawberry_compiled.leaves import leaf_lines, nullable
from strawberry_compiled.planning import PlannedField, Selection, Source


class Generator:
    """Writes functions; `constants` gets the objects that the functions refer to by name."""

    __slots__ = ("_constants", "_left_to_json")

    def __init__(self, left_to_json: Mapping[str, type], constants: dict[str, Any]) -> None:
        self._left_to_json = left_to_json
        self._constants = constants

    def selection(self, selection: Selection) -> str:
        """`def name(run, source, path)`, which returns the object's data, or a coroutine of it."""
        lines = ["waits = None"]
        for field in selection.fields.values():
            if field is not None and field.source is not Source.BATCH and not field.is_awaited:
                lines += self._field(field)
        lines += [f"data = {self._literal(selection)}"]
        if selection.batches:
            lines += [f"run.pending[{selection.number}].append((data, source, path))"]
        if selection.awaited:
            lines += [f"run.awaiting.append(({selection.number}, (data, source, path)))"]
        lines += ["if waits is not None:", "    return await_fields(data, waits)", "return data"]
        return _function(function_name(selection), "run, source, path", lines)

    def beginning(self, field: PlannedField) -> str:
        """`def name(run, source, path)`, which calls the async function of the field."""
        return _function(beginning_name(field), "run, source, path", [f"return {self._call(field)}"])

    def delivery(self, field: PlannedField, *, shares_equal: bool) -> str:
        """`def name(run, entries, values[, keys])`, which completes a batch field's results and writes them.

        If the field shares equal results, the results of equal keys are completed once and written at all positions.
        """
        value = _variable(field)
        complete = [
            "waits = None",
            "try:",
            *_indented(self._completion(field, value)),
            "except Exception as error:",
            f"    {value} = fail_late(run, error, {self._constant(field)}, path)",
        ]
        write = f"data[{field.key!r}] = {value}"
        name, columns = delivery_name(field), f"for (data, source, path), {value}"
        if not shares_equal:
            lines = [
                f"{columns} in zip(entries, values):",
                *_indented(complete),
                f"    {write}",
                "    if waits is not None:",
                f"        deliver_later(run, data, {self._constant(field)}, path, waits)",
            ]
            return _function(name, "run, entries, values", lines)
        lines = [
            "known = {}",
            "errors = run.collected_errors.errors",
            f"{columns}, key in zip(entries, values, keys):",
            "    shared = known.get(key)",
            "    if shared is not None:",
            f"        data[{field.key!r}] = shared",
            "        continue",
            *_indented(complete),
            f"    {write}",
            "    if waits is not None:",
            f"        deliver_later(run, data, {self._constant(field)}, path, waits)",
            "    elif not errors:",  # an error has a single position, so its result cannot be shared
            f"        known[key] = {value}",
        ]
        return _function(name, "run, entries, values, keys", lines)

    def _literal(self, selection: Selection) -> str:
        items = [f"{key!r}: {_initial(selection, field)}" for key, field in selection.fields.items()]
        return "{" + ", ".join(items) + "}"

    def _field(self, field: PlannedField) -> list[str]:
        value, known = _variable(field), self._constant(field)
        if field.source is Source.OTHER:
            body = [f"{value}, waits = execute(run, source, {known}, path, waits)"]
        else:
            body = [f"{value} = {self._value(field)}", *self._completion(field, value)]
        return [
            "try:",
            *_indented(body),
            "except Exception as error:",
            f"    {value} = fail(run, error, {known}, path, waits)",
        ]

    def _value(self, field: PlannedField) -> str:
        if field.source is Source.FUNCTION:
            return self._call(field)
        name = field.attribute
        if field.default_resolver is getattr and name.isidentifier() and not iskeyword(name):
            return f"source.{name}"
        return f"{self._named('default_resolver', field.default_resolver)}(source, {name!r})"

    def _call(self, field: PlannedField) -> str:
        known = self._constant(field)
        forms = {"self": "source", "parent": "{}=source", "info": f"{{}}=info_of(run, {known}, path)"}
        given = [forms[what].format(name) for name, what in field.takes.items()]
        if field.arguments is not None:
            given.append(f"**arguments_of(run, {known})")
        function = self._named(field.key, field.function)
        return f"{function}({', '.join(given)})"

    def _completion(self, field: PlannedField, value: str) -> list[str]:
        """Lines that convert the value in the variable to JSON, or call graphql-core."""
        slow = f"{value}, waits = complete(run, {value}, {self._constant(field)}, path, waits)"
        bare = nullable(field.type)
        if is_list_type(bare):
            if is_list_type(nullable(bare.of_type)):
                return [slow]
            lines = self._list(field, value, bare.of_type, slow)
        else:
            later = f"{value}, waits = later(run, {value}, {self._constant(field)}, path, waits)"
            lines = self._single(field, value, bare, slow, later, position=_position(field))
        return [f"if {value} is not None:", *_indented(lines)] if field.is_nullable else lines

    def _single(
        self, field: PlannedField, value: str, bare: GraphQLOutputType, slow: str, later: str, *, position: str
    ) -> list[str]:
        """Lines for a leaf or an object; `slow` handles unusual values, `later` objects to be awaited."""
        if is_leaf_type(bare):
            return leaf_lines(bare, value, left=self._left_to_json, constant=self._named, otherwise=slow)
        return [
            f"select = {self._types(field)}.get(type({value}))",
            "if select is None:",
            f"    {slow}",
            "else:",
            f"    {value} = select(run, {value}, {position})",
            f"    if type({value}) is not dict:",
            f"        {later}",
        ]

    def _list(self, field: PlannedField, value: str, item_type: GraphQLOutputType, slow: str) -> list[str]:
        known = self._constant(field)
        lines = self._single(
            field,
            "item",
            nullable(item_type),
            f"item, item_waits = complete_item(run, item, {known}, here, index, item_waits)",
            f"item, item_waits = later_item(run, item, {known}, here, index, item_waits)",
            position="(here, index, None)",
        )
        if not is_non_null_type(item_type):
            lines = ["if item is not None:", *_indented(lines)]
        return [
            f"if type({value}) is list or type({value}) is tuple:",
            f"    here = {_position(field)}",
            "    items = []",
            "    item_waits = None",
            f"    for index, item in enumerate({value}):",
            "        try:",
            *_indented(lines, 3),
            "        except Exception as error:",
            f"            item = fail_item(run, error, {known}, here, index, item_waits, {value})",
            "        items.append(item)",
            "    if item_waits is None:",
            f"        {value} = items",
            "    else:",
            f"        {value}, waits = later(run, await_items(items, item_waits), {known}, path, waits)",
            "else:",
            f"    {slow}",
        ]

    def _constant(self, field: PlannedField) -> str:
        name = f"F{field.number}_{field.key}"
        self._constants[name] = field
        return name

    def _types(self, field: PlannedField) -> str:
        name = f"{self._constant(field)}_by_class"
        self._constants[name] = field.own_functions()
        return name

    def _named(self, beginning: str, value: Any) -> str:
        for name, known in self._constants.items():
            if known is value and name.endswith(f"_{beginning}"):
                return name
        name = f"C{len(self._constants)}_{beginning}"
        self._constants[name] = value
        return name


def function_name(selection: Selection) -> str:
    return f"select_{selection.number}_{selection.type.name}"


def beginning_name(field: PlannedField) -> str:
    return f"begin_{field.number}_{field.key}"


def delivery_name(field: PlannedField) -> str:
    return f"deliver_{field.number}_{field.key}"


def is_shareable(field: PlannedField, selection: Selection | None) -> bool:
    """Whether equal keys of a batch field give equal data that does not depend on the position."""
    return (
        isinstance(field.batch, KeyedBatch)
        and field.batch.show is None
        and selection is not None
        and all(
            each is None or (each.source is Source.ATTRIBUTE and is_leaf_type(nullable(each.type)))
            for each in selection.fields.values()
        )
        and not is_list_type(nullable(field.type))
        and get_named_type(field.type) is selection.type
    )


def _initial(selection: Selection, field: PlannedField | None) -> str:
    """Value of the field when its object is built; the value of a batch field follows later."""
    if field is None:
        return repr(selection.type.name)
    return "None" if field.source is Source.BATCH or field.is_awaited else _variable(field)


def _variable(field: PlannedField) -> str:
    return f"{field.key}_"  # a name that is neither a keyword nor used by the functions


def _position(field: PlannedField) -> str:
    return f"(path, {field.key!r}, {field.parent_type.name!r})"


def _function(name: str, parameters: str, lines: Sequence[str]) -> str:
    return "\n".join([f"def {name}({parameters}):", *_indented(lines), ""])


def _indented(lines: Sequence[str], levels: int = 1) -> list[str]:
    return ["    " * levels + line for line in lines]
