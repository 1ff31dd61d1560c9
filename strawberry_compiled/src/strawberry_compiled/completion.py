"""Functions for unusual values, called by generated code: graphql-core's own methods with their results.

"Waits" are (key, coroutine) of fields, or (index, coroutine) of items, that an object or list waits for; None if there
are none.
"""

from collections.abc import Awaitable, Iterable
from typing import Any, TypeAlias

from graphql import GraphQLOutputType, is_list_type
from graphql.pyutils import Path, gather_with_cancel

from strawberry_compiled.arguments import are_immutable
from strawberry_compiled.field_errors import Position, as_path
from strawberry_compiled.leaves import nullable
from strawberry_compiled.planning import PlannedField
from strawberry_compiled.run import Run
from strawberry_compiled.strawberry_internals import may_be_cast

Waits: TypeAlias = list[tuple[Any, Awaitable[Any]]]


def execute(
    run: Run, source: Any, field: PlannedField, above: Position | None, waits: Waits | None
) -> tuple[Any, Waits | None]:
    """Resolves and completes the field with graphql-core."""
    path = as_path(_position(field, above))
    assert path is not None
    value = run.execute_field(field.parent_type, source, field.details, path, None)
    return _noted(waits, field.key, value) if run.is_awaitable(value) else (value, waits)


def complete(
    run: Run, value: Any, field: PlannedField, above: Position | None, waits: Waits | None
) -> tuple[Any, Waits | None]:
    """The field's completed value."""
    position = _position(field, above)
    select = field.uncertain_functions.get(type(value))
    # The functions are those of the items if the field is a list, for which an object is an error.
    if select is not None and not may_be_cast(value) and not is_list_type(nullable(field.type)):
        completed = select(run, value, position)
        return (completed, waits) if type(completed) is dict else later(run, completed, field, above, waits)
    path = as_path(position)
    assert path is not None
    info = run.build_resolve_info(field.definition, field.nodes, field.parent_type, path)
    if run.is_awaitable(value):
        coroutine = run.complete_awaitable_value(field.type, field.details, info, path, value, None)
        return _noted(waits, field.key, coroutine)
    completed = run.complete_value(field.type, field.details, info, path, value, None)
    if not run.is_awaitable(completed):
        return completed, waits
    return _noted(waits, field.key, _guarded(run, completed, field.type, field, path))


def later(
    run: Run, coroutine: Awaitable[Any], field: PlannedField, above: Position | None, waits: Waits | None
) -> tuple[Any, Waits | None]:
    """Registers that the object or list in the field has to be awaited."""
    path = as_path(_position(field, above))
    assert path is not None
    return _noted(waits, field.key, _guarded(run, coroutine, field.type, field, path))


def fail(run: Run, error: Exception, field: PlannedField, above: Position | None, waits: Waits | None) -> None:
    """Reports the field's error, and raises it if the field cannot be null."""
    path = as_path(_position(field, above))
    assert path is not None
    try:
        run.handle_field_error(error, field.type, field.details, path)
    except Exception:
        _abandon(run, waits)
        raise


def complete_item(
    run: Run, item: Any, field: PlannedField, here: Position, index: int, waits: Waits | None
) -> tuple[Any, Waits | None]:
    """The completed item; `here` is the position of its list."""
    select = field.uncertain_functions.get(type(item))
    if select is not None and not may_be_cast(item):
        completed = select(run, item, (here, index, None))
        return (completed, waits) if type(completed) is dict else later_item(run, completed, field, here, index, waits)
    item_type = _item_type(field)
    field_path = as_path(here)
    assert field_path is not None
    info = run.build_resolve_info(field.definition, field.nodes, field.parent_type, field_path)
    path = field_path.add_key(index, None)
    if run.is_awaitable(item):
        coroutine = run.complete_awaitable_list_item_value(item, item_type, field.details, info, path, None)
        return _noted(waits, index, coroutine)
    completed = run.complete_value(item_type, field.details, info, path, item, None)
    if not run.is_awaitable(completed):
        return completed, waits
    return _noted(waits, index, _guarded(run, completed, item_type, field, path))


def later_item(
    run: Run,
    coroutine: Awaitable[Any],
    field: PlannedField,
    here: Position,
    index: int,
    waits: Waits | None,
) -> tuple[Any, Waits | None]:
    """Registers list item `index` to be awaited."""
    path = as_path((here, index, None))
    assert path is not None
    return _noted(waits, index, _guarded(run, coroutine, _item_type(field), field, path))


def fail_item(
    run: Run,
    error: Exception,
    field: PlannedField,
    here: Position,
    index: int,
    waits: Waits | None,
    items: list[Any] | tuple[Any, ...],
) -> None:
    """Reports the item's error, and raises it if the item cannot be null."""
    path = as_path((here, index, None))
    assert path is not None
    try:
        run.handle_field_error(error, _item_type(field), field.details, path)
    except Exception:
        _abandon(run, waits, [item for item in items[index + 1 :] if run.is_awaitable(item)])
        raise


async def await_fields(data: dict[str, Any], waits: Waits) -> dict[str, Any]:
    await _await_all(data, waits)
    return data


async def await_items(items: list[Any], waits: Waits) -> list[Any]:
    await _await_all(items, waits)
    return items


def deliver_later(run: Run, data: dict[str, Any], field: PlannedField, above: Position | None, waits: Waits) -> None:
    """Writes results that a batch field still waits for as they arrive."""
    ((_, coroutine),) = waits

    async def deliver() -> None:
        try:
            data[field.key] = await coroutine
        except Exception as error:  # noqa: BLE001  it is reported in the answer
            fail_late(run, error, field, above)

    run.late_tasks.add_task(deliver())


def fail_late(run: Run, error: Exception, field: PlannedField, above: Position | None) -> None:
    """Reports the error of a field whose object is already part of the response."""
    run.late_errors.add(error, field.nodes, _position(field, above), field.levels_up)


def arguments_of(run: Run, field: PlannedField) -> dict[str, Any]:
    """Arguments of the field's function, converted once per operation or plan unless functions may change them."""
    known = run.known_arguments.get(field.number)
    if known is not None:
        return known
    arguments = field.arguments
    assert arguments is not None
    if arguments.constant is not None:
        return arguments.constant
    values = arguments.values(run.variable_values, hides_suggestions=run.hide_suggestions)
    if run.shares_arguments or are_immutable(values):
        if arguments.is_constant:
            arguments.constant = values
        else:
            run.known_arguments[field.number] = values
    return values


def _position(field: PlannedField, above: Position | None) -> Position:
    return above, field.key, field.parent_type.name


def _item_type(field: PlannedField) -> GraphQLOutputType:
    item_type: GraphQLOutputType = nullable(field.type).of_type
    return item_type


def _noted(waits: Waits | None, key: Any, coroutine: Awaitable[Any]) -> tuple[None, Waits]:
    if waits is None:
        waits = []
    waits.append((key, coroutine))
    return None, waits


async def _guarded(
    run: Run, coroutine: Awaitable[Any], type_: GraphQLOutputType, field: PlannedField, path: Path
) -> Any:
    """Result of the coroutine; an error is located at the field's position."""
    try:
        return await coroutine
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        run.handle_field_error(error, type_, field.details, path)
        return None


def _abandon(run: Run, waits: Waits | None, others: Iterable[Awaitable[Any]] = ()) -> None:
    """Runs started coroutines to their end, although their results are not needed."""
    started = [coroutine for _, coroutine in waits or ()]
    started.extend(others)
    if started:
        run.settle_in_background(started)


async def _await_all(container: Any, waits: Waits) -> None:
    if len(waits) == 1:
        ((key, coroutine),) = waits
        container[key] = await coroutine
        return
    results = await gather_with_cancel(*(coroutine for _, coroutine in waits))
    for (key, _), result in zip(waits, results, strict=True):
        container[key] = result
