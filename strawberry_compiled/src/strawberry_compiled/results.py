"""Writing of the results of batch functions, as rows or as values, into the data that waits for them."""

from collections.abc import Callable, Sequence
from typing import Any

from strawberry_compiled.batching import KeyedBatch, ParentsBatch
from strawberry_compiled.leaves import are_plain
from strawberry_compiled.loaded import Loaded, shown_of
from strawberry_compiled.planning import PlannedField
from strawberry_compiled.row_blocks import Group, Keys, Place, Records, Some, part_of, shown
from strawberry_compiled.row_planning import Answer, RowField
from strawberry_compiled.run import Run


class Batch:
    """A batch field, or a field with an async function.

    `begin` calls the async function, and `deliver` writes the results. `shares_equal`: results of equal keys are
    written once. `rows` if the function may answer with rows. Values of `plain` types are valid as they are.
    """

    __slots__ = ("begin", "call", "deliver", "field", "load", "needs", "plain", "rows", "shares_equal")

    def __init__(
        self,
        field: PlannedField,
        deliver: Callable[..., None],
        begin: Callable[..., Any] | None,
        *,
        shares_equal: bool,
        rows: RowField | None,
        plain: frozenset[type],
    ) -> None:
        self.field = field
        self.deliver = deliver
        self.begin = begin
        self.shares_equal = shares_equal
        self.rows = rows
        self.plain = plain
        kind = field.batch
        self.needs = None if kind is None else kind.needs
        self.load = kind.load if isinstance(kind, KeyedBatch) else None
        """The function of a related field."""
        self.call: tuple[Any, ...] = ()
        """The function of another batch field, and what else fields that share a call have in common."""
        if isinstance(kind, ParentsBatch):
            self.call = (kind.function, *map(id, field.nodes)) if kind.looks_ahead else (kind.function,)

    @property
    def keyed(self) -> KeyedBatch:
        """The description of a related field."""
        assert isinstance(self.field.batch, KeyedBatch)
        return self.field.batch


def write_values(run: Run, batch: Batch, group: Group, values: Sequence[Any], keys: Keys | None = None) -> None:
    """Writes one value or exception for each parent; `keys` are those of a related field."""
    if batch.plain and are_plain(values, batch.plain):
        _write(batch, group, values)
    elif batch.shares_equal and keys is not None:
        batch.deliver(run, group.entries(), values, keys.each)
    else:
        batch.deliver(run, group.entries(), values)


def rows_for(answer: Any, expected: int) -> bool:
    """Whether a batch function has answered with rows; raises TypeError unless they are for all parents."""
    given = getattr(answer, "slices", None)
    if given is None:
        given = getattr(answer, "records", None)
    if given is None:
        return False
    if len(given) != expected:
        raise TypeError(f"A batch function returned {len(given)} results for {expected} parents.")
    return True


def write_rows(run: Run, batch: Batch, group: Group, answer: Any, start: int, make: Callable[..., Any]) -> None:
    """Writes rows of an answer to several groups, of which this one begins at `start`."""
    assert batch.rows is not None
    mark = len(run.blocks)
    try:
        if batch.rows.answer is Answer.LISTS:
            _write_lists(run, batch, group, answer, start, make)
        else:
            source = answer if len(answer.records) == len(group) else part_of(answer, start, start + len(group))
            place = _place(batch, group) if batch.rows.selection and batch.rows.selection.has_holes else None
            _write(batch, group, make(run, source, place))
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        _fail(run, batch, group, mark, error)


def write_loaded(run: Run, batch: Batch, group: Group, keys: Keys, loaded: Loaded, make: Callable[..., Any]) -> None:
    """Writes what a related field shows of loaded records; keys without a record have values."""
    assert batch.rows is not None
    records = loaded.records
    if batch.rows.selection is None:
        known = {key: loaded.value(key) for key in keys.once if key not in records}
        found = [key for key in keys.once if key in records]
        known.update(zip(found, make([records[key] for key in found]), strict=True))
        write_values(run, batch, group, shown_of(batch.keyed, group, keys, known), keys)
        return
    mark = len(run.blocks)
    try:
        if records.keys() >= keys.once.keys():
            _write_found(run, batch, group, keys, loaded, make)
        else:
            _write_some(run, batch, group, keys, loaded, make)
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        _fail(run, batch, group, mark, error)


def _write_lists(run: Run, batch: Batch, group: Group, answer: Any, start: int, make: Callable[..., Any]) -> None:
    assert batch.rows is not None
    assert batch.rows.selection is not None
    slices = answer.slices[start : start + len(group)]
    rows = answer.rows
    place = None
    if batch.rows.selection.has_holes:
        rows, slices = shown(rows, slices)
        place = _place(batch, group, slices)
    made = make(run, rows, place)
    key = batch.field.key
    for data, each in zip(group.dicts, slices, strict=True):
        data[key] = made[each]


def _write_found(run: Run, batch: Batch, group: Group, keys: Keys, loaded: Loaded, make: Callable[..., Any]) -> None:
    """Writes to a group all of whose keys have a record."""
    assert batch.rows is not None
    assert batch.rows.selection is not None
    records = loaded.records
    if batch.rows.selection.has_holes:  # what is written later can differ from place to place
        _write(batch, group, make(run, Records([records[key] for key in keys.each]), _place(batch, group)))
        return
    once = make(run, Records([records[key] for key in keys.once]), None)
    made = dict(zip(keys.once, once, strict=True))
    name = batch.field.key
    for data, key in zip(group.dicts, keys.each, strict=True):
        data[name] = made[key]


def _write_some(run: Run, batch: Batch, group: Group, keys: Keys, loaded: Loaded, make: Callable[..., Any]) -> None:
    """Writes to a group some of whose keys have values in place of records."""
    found = [index for index, key in enumerate(keys.each) if key in loaded.records]
    if found:
        _write_found(run, batch, Some(group, found), keys.some(found), loaded, make)
    is_nullable = batch.field.is_nullable  # the data is null already
    others = [
        index
        for index, key in enumerate(keys.each)
        if key not in loaded.records and not (is_nullable and loaded.value(key) is None)
    ]
    if others:
        some, some_keys = Some(group, others), keys.some(others)
        known = {key: loaded.value(key) for key in some_keys.once}
        write_values(run, batch, some, shown_of(batch.keyed, some, some_keys, known), some_keys)


def _write(batch: Batch, group: Group, values: Sequence[Any]) -> None:
    key = batch.field.key
    for data, value in zip(group.dicts, values, strict=True):
        data[key] = value


def _place(batch: Batch, group: Group, slices: Sequence[slice] | None = None) -> Place:
    return Place(group, batch.field.key, batch.field.parent_type.name, slices)


def _fail(run: Run, batch: Batch, group: Group, mark: int, error: Exception) -> None:
    """Makes records that break a promise the error of the field, and forgets what has been made of them."""
    del run.blocks[mark:]
    name = f"{batch.field.parent_type.name}.{batch.field.nodes[0].name.value}"
    problem = TypeError(f"The rows of {name} are not as promised: {type(error).__name__}: {error}")
    problem.__cause__ = error
    values = [problem] * len(group)
    write_values(run, batch, group, values, Keys([*values]))
