"""Generation of Python source for rows: one function per row selection, which makes the data of all its records."""

from collections.abc import Iterator, Mapping
from typing import Any

from strawberry_compiled.leaves import UNCHANGED, Proof
from strawberry_compiled.row_blocks import Block, Place, Shape, shown
from strawberry_compiled.row_planning import Layout, RowSelection

NAMES: Mapping[str, Any] = {"Block": Block, "Place": Place, "shown": shown}
"""Classes and functions that generated functions use, by name."""


class RowGenerator:
    """Writes functions; `constants` gets the objects that the functions refer to by name."""

    def __init__(self, constants: dict[str, Any]) -> None:
        self._constants = constants
        self._written = 0
        self.plain: dict[str, str] = {}
        """Functions that show unchanged items of records only, as those for an author and a creator, by their code."""

    def functions(self, rows: RowSelection, layout: Layout, prefix: str) -> tuple[str, list[str]]:
        """The name of `def name(run, source, place)`, which returns the data of a source's records, and all sources.

        `prefix` is what the names of the selection's columns begin with in the layout.
        """
        sources: list[str] = []
        return _Function(self, rows, layout, prefix, sources).name, sources

    def named(self, beginning: str, value: Any) -> str:
        """The name of a new constant."""
        name = f"R{len(self._constants)}_{beginning}"
        self._constants[name] = value
        return name

    def function_name(self, rows: RowSelection) -> str:
        self._written += 1
        return f"rows_{rows.selection.number}_{rows.selection.type.name}_{self._written}"


class _Function:
    """The function of one selection, and those of the lists in it."""

    def __init__(
        self, generator: RowGenerator, rows: RowSelection, layout: Layout, prefix: str, sources: list[str]
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
        is_plain = not (self._lists or self._blocks or self._has_constants)
        known = generator.plain.get(literal) if is_plain else None
        self.name = known or generator.function_name(rows)
        if is_plain:
            generator.plain[literal] = self.name
        if known is None:
            sources.append("\n".join(self._lines(literal)) + "\n")

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
        if rows.selection.batches:
            shape = Shape(rows.selection.number, self._layout.positions(prefix))
            known = self._generator.named(f"{rows.selection.type.name}_shape", shape)
            self._blocks.append(f"run.blocks.append(Block({known}, {dicts}, records, {place}))")
        items = (f"{key!r}: {self._value(rows, key, prefix, place, dicts)}" for key in rows.keys)
        return "{" + ", ".join(items) + "}"

    def _value(self, rows: RowSelection, key: str, prefix: str, place: str, dicts: str) -> str:
        type_name = rows.selection.type.name
        if key in rows.leaves:
            name, proof = rows.leaves[key]
            return self._leaf(f"record[{self._positions[prefix + name]}]", name, proof)
        if key in rows.objects:
            name, below = rows.objects[key]
            inner = f"Place({place}, {key!r}, {type_name!r})"
            return self._literal(below, f"{prefix}{name}.", inner, f"[each[{key!r}] for each in {dicts}]")
        if key in rows.lists:
            name, below = rows.lists[key]
            return self._list(f"{prefix}{name}", below, f"{place}, {key!r}, {type_name!r}")
        return "None" if key in rows.selection.fields else repr(type_name)

    def _leaf(self, item: str, name: str, proof: Proof) -> str:
        self._has_constants |= proof is not UNCHANGED
        if proof.names is not None:
            return f"{self._generator.named(f'{name}_names', proof.names)}[{item}]"
        if proof.convert is not None:
            convert = self._generator.named(f"{name}_out", proof.convert)
            return f"{convert}(value) if (value := {item}) is not None else None"
        return item

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
