"""Writing of objects and values, without generated code, into fields that are mostly answered with rows."""

from collections.abc import Sequence
from typing import Any

from graphql import is_list_type, is_non_null_type

from strawberry_compiled.completion import (
    Waits,
    await_items,
    complete,
    complete_item,
    deliver_later,
    fail_item,
    fail_late,
    later,
    later_item,
)
from strawberry_compiled.field_errors import Position
from strawberry_compiled.leaves import nullable
from strawberry_compiled.planning import PlannedField
from strawberry_compiled.row_blocks import Entry
from strawberry_compiled.run import Run


class Delivery:
    """Completes the results of a batch field and writes them, as the function that `Generator.delivery` writes."""

    __slots__ = ("_field", "_item_is_nullable", "_plain")

    def __init__(self, field: PlannedField, plain: frozenset[type]) -> None:
        """`plain` are the types of values that need no completion."""
        bare = nullable(field.type)
        self._field = field
        self._item_is_nullable = not is_non_null_type(bare.of_type) if is_list_type(bare) else None
        self._plain = plain

    def __call__(self, run: Run, entries: Sequence[Entry], values: Sequence[Any], keys: Sequence[Any] = ()) -> None:
        """Writes one value or exception to each entry; values of equal keys, if there are `keys`, only once."""
        field, known = self._field, dict[Any, Any]()
        errors = run.collected_errors.errors
        for index, ((data, _, above), value) in enumerate(zip(entries, values, strict=True)):
            shared = known.get(keys[index]) if keys else None
            if shared is not None:
                data[field.key] = shared
                continue
            data[field.key], waits = self._completed(run, value, above)
            if waits is not None:
                deliver_later(run, data, field, above, waits)
            elif keys and not errors:  # an error has a single position, so its result cannot be shared
                known[keys[index]] = data[field.key]

    def _completed(self, run: Run, value: Any, above: Position | None) -> tuple[Any, Waits | None]:
        field = self._field
        is_plain = type(value) in self._plain and type(value) is not int  # which may be too large
        if is_plain or (value is None and field.is_nullable):
            return value, None
        here = above, field.key, field.parent_type.name
        try:
            if self._item_is_nullable is not None:
                if type(value) not in (list, tuple):
                    return complete(run, value, field, above, None)
                items, waits = self._items(run, value, here)
                return (items, None) if waits is None else later(run, await_items(items, waits), field, above, None)
            select = field.functions.get(type(value))
            if select is None:
                return complete(run, value, field, above, None)
            data = select(run, value, here)
            return (data, None) if type(data) is dict else later(run, data, field, above, None)
        except Exception as error:  # noqa: BLE001  it is reported in the answer
            fail_late(run, error, field, above)
            return None, None

    def _items(self, run: Run, values: list[Any] | tuple[Any, ...], here: Position) -> tuple[list[Any], Waits | None]:
        field = self._field
        items: list[Any] = []
        waits: Waits | None = None
        for index, value in enumerate(values):
            item = value
            try:
                if item is not None or not self._item_is_nullable:
                    select = field.functions.get(type(item))
                    if select is None:
                        item, waits = complete_item(run, item, field, here, index, waits)
                    else:
                        item = select(run, item, (here, index, None))
                        if type(item) is not dict:
                            item, waits = later_item(run, item, field, here, index, waits)
            except Exception as error:  # noqa: BLE001  it is reported in the answer
                fail_item(run, error, field, here, index, waits, values)
                item = None
            items.append(item)
        return items, waits
