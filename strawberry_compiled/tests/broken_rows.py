"""Faults that are planted in plans for rows, one at a time, to show that the fuzzer would see them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from strawberry_compiled.generated_names import NAMES
from strawberry_compiled.leaves import UNCHANGED, proof
from strawberry_compiled.loaded import Loaded
from strawberry_compiled.row_blocks import Block, Some
from strawberry_compiled.row_generation import RowGenerator, Source
from strawberry_compiled.row_planning import RowPlanner, _Parts
from strawberry_compiled.rows import ListsOfRows, RowsByKey

from strawberry_compiled import operations, results, row_planning, waves

Patch: TypeAlias = pytest.MonkeyPatch
Plant: TypeAlias = Callable[[Patch], None]


def mixes_up_columns(patch: Patch) -> None:
    _change_source(patch, lambda text: text.replace("record[1]", "record[0]"))


def shows_rows_outside_of_slices(patch: Patch) -> None:
    _change_lists(patch, lambda slices: [slice(each.start, each.stop + 1) for each in slices])


def forgets_the_last_row(patch: Patch) -> None:
    _change_lists(patch, lambda slices: [slice(each.start, max(each.start, each.stop - 1)) for each in slices])


def mixes_up_lists(patch: Patch) -> None:
    _change_lists(patch, lambda slices: slices[::-1])


def asks_for_rows_outside_of_slices(patch: Patch) -> None:
    """Makes all rows parents of the next wave."""
    patch.setattr(results, "shown", lambda rows, slices: (rows, slices))
    patch.setitem(NAMES, "shown", lambda rows, slices: (rows, slices))


def shares_data_that_is_written_later(patch: Patch) -> None:
    make = _Parts.row_selection
    patch.setattr(_Parts, "row_selection", lambda self: replace(make(self), has_holes=False))


def hides_what_was_not_found(patch: Patch) -> None:
    """Leaves null what a load has not found, even if the field is not nullable."""

    def write_some(run: Any, batch: Any, group: Any, keys: Any, loaded: Any, make: Any) -> None:
        found = [index for index, key in enumerate(keys.each) if key in loaded.records]
        results._write_found(run, batch, Some(group, found), keys.some(found), loaded, make)

    patch.setattr(results, "_write_some", write_some)


def mixes_up_keys(patch: Patch) -> None:
    add = Loaded.add

    def add_mixed_up(self: Loaded, found: Any, keys: Sequence[Any], layout: Any) -> None:
        row_keys = getattr(found, "row_keys", None)
        add(self, found if row_keys is None else RowsByKey(found.rows, [*row_keys[1:], *row_keys[:1]]), keys, layout)

    patch.setattr(Loaded, "add", add_mixed_up)


def plans_for_one_field_of_a_load(patch: Patch) -> None:
    of_load = RowPlanner.of_load

    def of_first(self: RowPlanner, load: Any) -> Any:
        return of_load(self, load) and self._loads[load][0].layout

    patch.setattr(RowPlanner, "of_load", of_first)


def forgets_what_functions_need(patch: Patch) -> None:
    patch.setattr(_Parts, "_add_batch", lambda self, batch: None)


def shows_stored_values(patch: Patch) -> None:
    patch.setattr(row_planning, "proof", lambda *given: proof(*given) and UNCHANGED)


def gives_views_of_other_rows(patch: Patch) -> None:
    parents = Block.parents
    patch.setattr(Block, "parents", lambda self, names: parents(self, names)[::-1])


def does_not_count_results(patch: Patch) -> None:
    patch.setattr(waves, "rows_for", lambda answer, expected: hasattr(answer, "slices") or hasattr(answer, "records"))


def asks_for_rows_in_mutations(patch: Patch) -> None:
    begin = operations.CompiledOperation.__init__

    def begin_with_rows(self: Any, *given: Any, row_types: Any = None) -> None:
        begin(self, *given, row_types=row_types)
        self._row_types = row_types or {}

    patch.setattr(operations.CompiledOperation, "__init__", begin_with_rows)


PLANTED = (
    mixes_up_columns,
    shows_rows_outside_of_slices,
    forgets_the_last_row,
    mixes_up_lists,
    asks_for_rows_outside_of_slices,
    shares_data_that_is_written_later,
    hides_what_was_not_found,
    mixes_up_keys,
    plans_for_one_field_of_a_load,
    forgets_what_functions_need,
    shows_stored_values,
    gives_views_of_other_rows,
    does_not_count_results,
    asks_for_rows_in_mutations,
)


def _change_source(patch: Patch, change: Callable[[str], str]) -> None:
    write = RowGenerator.functions

    def written(self: RowGenerator, *given: Any) -> tuple[str, list[Source]]:
        name, sources = write(self, *given)
        return name, [each._replace(text=change(each.text)) for each in sources]

    patch.setattr(RowGenerator, "functions", written)


def _change_lists(patch: Patch, change: Callable[[Sequence[slice]], Sequence[slice]]) -> None:
    write = results._write_lists

    def written(run: Any, batch: Any, group: Any, answer: Any, *rest: Any) -> None:
        write(run, batch, group, ListsOfRows(answer.rows, change(answer.slices)), *rest)

    patch.setattr(results, "_write_lists", written)
