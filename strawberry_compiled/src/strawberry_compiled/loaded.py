"""Results of the loads of related fields by key, and the values that the fields show of them."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import Any

from strawberry_compiled.batching import KeyedBatch, one_for_each
from strawberry_compiled.row_blocks import Block, Group, Keys
from strawberry_compiled.row_planning import Layout
from strawberry_compiled.rows import Record


class Loaded:
    """Records, and values in place of records, that one `load` has found by key."""

    __slots__ = ("records", "values")

    def __init__(self) -> None:
        self.records: dict[Any, Record] = {}
        self.values: dict[Any, Any] = {}
        """Entities, None for keys without a result, and exceptions."""

    def missing(self, keys: Sequence[Keys]) -> list[Any]:
        """The keys that are not loaded yet, each once."""
        records, values = self.records, self.values
        found: dict[Any, None] = {}
        for each in keys:
            found.update(each.once)
        return [
            key
            for key in found
            if key not in records and key not in values and key is not None and not isinstance(key, Exception)
        ]

    def add(self, found: Any, keys: Sequence[Any], layout: Layout | None) -> None:
        """Adds the answer of a `load` to these keys, which may be rows if there is a layout."""
        row_keys = None if layout is None else getattr(found, "row_keys", None)
        if row_keys is None:
            self.values.update(zip(keys, one_for_each(map(found.get, keys), len(keys)), strict=True))
            return
        self.records.update(zip(row_keys, found.rows.records, strict=True))
        absent = [key for key in keys if key not in self.records]
        self.values.update(dict.fromkeys(absent))

    def value(self, key: Any) -> Any:
        """The value for a key without a record."""
        return key if isinstance(key, Exception) else self.values.get(key)


def keys_of(batch: KeyedBatch, group: Group) -> Keys:
    """Key of each parent, or the exception that getting it raised."""
    try:
        if isinstance(group, Block):
            return group.keys(batch.needs[0])
        return Keys([batch.key(parent) for parent in group.parents(batch.needs)])
    except Exception:  # noqa: BLE001  each parent is asked by itself below, and its exception kept
        return Keys([_key_or_error(batch.key, parent) for parent in group.parents(batch.needs)])


def shown_of(batch: KeyedBatch, group: Group, keys: Keys, known: Mapping[Any, Any]) -> list[Any]:
    """Value that the field shows for each parent, or an exception."""
    found = {key: key if isinstance(key, Exception) else known.get(key) for key in keys.once}
    show, pick = batch.show, batch.pick
    if show is None:
        if pick is None:
            return [found[key] for key in keys.each]
        picked = {key: _picked(pick, value) for key, value in found.items()}
        if any(issubclass(kind, (Iterator, AsyncIterator)) for kind in set(map(type, picked.values()))):
            # An iterator has its items once. As under graphql-core, each position gets one of its own.
            return [_picked(pick, found[key]) for key in keys.each]
        return [picked[key] for key in keys.each]
    parents = group.parents(batch.needs)
    if not any(issubclass(kind, (NoneType, Exception)) for kind in set(map(type, found.values()))):
        try:
            return [show(parent, found[key]) for parent, key in zip(parents, keys.each, strict=True)]
        except Exception:  # noqa: BLE001, S110  each parent is shown by itself below, and its exception kept
            pass
    return [_picked(partial(show, parent), found[key]) for parent, key in zip(parents, keys.each, strict=True)]


def _key_or_error(key_of: Callable[[Any], Any], parent: Any) -> Any:
    try:
        key = key_of(parent)
        hash(key)
        return key
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        return error


def _picked(pick: Callable[[Any], Any], value: Any) -> Any:
    if value is None or isinstance(value, Exception):
        return value
    try:
        return pick(value)
    except StopIteration:
        # equal to the error that Python raises under graphql-core
        return RuntimeError("coroutine raised StopIteration")
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        return error
