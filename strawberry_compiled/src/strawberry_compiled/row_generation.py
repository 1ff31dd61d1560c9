"""Generation of Python source for rows: one function per row selection, which makes the data of all its records."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple

from strawberry_compiled.row_blocks import Shape
from strawberry_compiled.row_planning import Layout
from strawberry_compiled.row_selections import Converted, Hole, RowSelection, Value

MOST_SHARED = 1_024  # functions of any plans
SHARED_TEXT = 500  # characters of their source at most, so that one takes 2 KiB


class Source(NamedTuple):
    """The text of one function. It can be shared if it is short and shows unchanged items of records only."""

    name: str
    text: str
    type_name: str
    is_shareable: bool

    def shared(self) -> Callable[..., Any]:
        """The function, which is one object for all plans with this text."""
        return _shared(self.text.replace(f"def {self.name}(", "def rows(", 1), self.type_name)


@lru_cache(MOST_SHARED)
def _shared(text: str, type_name: str) -> Callable[..., Any]:
    made: dict[str, Any] = {}
    exec(compile(text, filename(type_name), "exec"), _NO_CONSTANTS, made)  # noqa: S102  our own code
    function: Callable[..., Any] = made["rows"]
    return function


def filename(type_name: str) -> str:
    """The name in tracebacks of generated code for objects of the type."""
    return intern(f"<plan of {type_name}>")


_NO_CONSTANTS: dict[str, Any] = {}


class RowGenerator:
    """Writes functions; `constants` gets the objects that the functions refer to by name."""

    __slots__ = ("_constants", "_written")

    def __init__(self, constants: dict[str, Any]) -> None:
        self._constants = constants
        self._written = 0

    def functions(self, rows: RowSelection, layout: Layout, prefix: str) -> tuple[str, list[Source]]:
        """The name of `def name(run, source, place)`, which returns the data of a source's records, and all sources.

        `prefix` is what the names of the selection's columns begin with in the layout.
        """
        sources: list[Source] = []
        return _Function(self, rows, layout, prefix, sources).name, sources

    def named(self, beginning: str, value: Any) -> str:
        """The name of a new constant."""
        name = f"R{len(self._constants)}_{beginning}"
        self._constants[name] = value
        return name

    def function_name(self, rows: RowSelection) -> str:
        self._written += 1
        return f"rows_{rows.number}_{rows.type_name}_{self._written}"


class _Function:
    """The function of one selection, and those of the lists in it."""

    def __init__(
        self, generator: RowGenerator, rows: RowSelection, layout: Layout, prefix: str, sources: list[Source]
    ) -> None:
        self._generator = generator
        self._layout = layout
        self._positions = {name: position for position, name in enumerate(layout.columns)}
        self._sources = sources
        self._lists: list[str] = []
        self._before: list[str] = []
        self._blocks: list[str] = []
        self._has_constants = False
        literal = self._literal(rows, prefix, "place", "made")
        self.name = generator.function_name(rows)
        is_plain = not (self._lists or self._blocks or self._has_constants)
        text = "\n".join(self._lines(literal)) + "\n"
        sources.append(Source(self.name, text, rows.type_name, is_plain and len(text) <= SHARED_TEXT))

    def _lines(self, literal: str) -> Iterator[str]:
        yield f"def {self.name}(run, source, place):"
        yield "    records = source.records"
        yield from (f"    {line}" for line in self._before)
        items = ["record", *(f"slice_{each}" for each in self._lists)]
        columns = ["records", *(f"slices_{each}" for each in self._lists)]
        several = f"zip({', '.join(columns)}, strict=True)" if self._lists else "records"
        yield f"    made = [{literal} for {', '.join(items)} in {several}]"
        if self._blocks:
            yield "    if made:"
            yield from (f"        {line}" for line in self._blocks)
        yield "    return made"

    def _literal(self, rows: RowSelection, prefix: str, place: str, dicts: str) -> str:
        """The dict of one record; `place` and `dicts` are expressions for the positions and the data of all."""
        if Hole.BATCH in rows.values:
            shape = Shape(rows.number, self._layout.positions(prefix))
            known = self._generator.named(f"{rows.type_name}_shape", shape)
            self._blocks.append(f"run.blocks.append(Block({known}, {dicts}, records, {place}))")
        items = (
            f"{key!r}: {self._value(rows, key, value, prefix, place, dicts)}"
            for key, value in zip(rows.keys, rows.values, strict=True)
        )
        return "{" + ", ".join(items) + "}"

    def _value(self, rows: RowSelection, key: str, value: Value, prefix: str, place: str, dicts: str) -> str:
        if isinstance(value, Hole):
            return "None" if value is Hole.BATCH else repr(rows.type_name)
        if isinstance(value, str):
            return self._item(prefix, value)
        if isinstance(value, Converted):
            self._has_constants = True
            return self._converted(self._item(prefix, value.name), value)
        if value.is_list:
            return self._list(f"{prefix}{value.name}", value.rows, f"{place}, {key!r}, {rows.type_name!r}")
        inner = f"Place({place}, {key!r}, {rows.type_name!r})"
        return self._literal(value.rows, f"{prefix}{value.name}.", inner, f"[each[{key!r}] for each in {dicts}]")

    def _item(self, prefix: str, name: str) -> str:
        return f"record[{self._positions[prefix + name]}]"

    def _converted(self, item: str, leaf: Converted) -> str:
        if leaf.proof.names is not None:
            return f"{self._generator.named(f'{leaf.name}_names', leaf.proof.names)}[{item}]"
        convert = self._generator.named(f"{leaf.name}_out", leaf.proof.convert)
        return f"{convert}(value) if (value := {item}) is not None else None"

    def _list(self, name: str, below: RowSelection, place: str) -> str:
        variable = f"list_{len(self._lists)}"
        self._lists.append(variable)
        function = _Function(self._generator, below, self._layout.below(name), "", self._sources).name
        found = f"source.lists[{name!r}]"
        self._before += [f"{variable} = {found}.rows", f"slices_{variable} = {found}.slices"]
        inner = "None"
        if below.has_holes:
            inner = f"Place({place}, slices_{variable})"
            self._before.append(f"{variable}, slices_{variable} = shown({variable}, slices_{variable})")
        self._before.append(f"made_{variable} = {function}(run, {variable}, {inner})")
        return f"made_{variable}[slice_{variable}]"
