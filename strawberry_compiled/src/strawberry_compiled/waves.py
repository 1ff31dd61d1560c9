"""Waves: each wave serves the batch fields of all positions of a plan, until no batch field is pending."""

import asyncio
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from itertools import chain
from types import NoneType
from typing import Any, TypeAlias

from graphql.pyutils import gather_with_cancel

from strawberry_compiled.batching import KeyedBatch, Load, ParentsBatch, loaders_of, one_for_each
from strawberry_compiled.completion import arguments_of, info_of
from strawberry_compiled.planning import PlannedField
from strawberry_compiled.run import Entry, Run


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch field, or a field with an async function.

    `begin` calls the async function, and `deliver` writes the results. `shares_equal`: results of equal keys are
    written once.
    """

    field: PlannedField
    deliver: Callable[..., None]
    begin: Callable[..., Coroutine[Any, Any, Any]] | None
    shares_equal: bool


Asked: TypeAlias = list[tuple[Batch, list[Entry]]]
"""Fields and entries that one call of a batch function serves."""


class Waves:
    """The batch fields and async functions of one run."""

    def __init__(
        self, run: Run, batches: Callable[[int], Sequence[Batch]], awaited: Callable[[int], Sequence[Batch]]
    ) -> None:
        self._run = run
        self._batches = batches
        self._awaited = awaited
        self._under_way: set[asyncio.Task[Any]] = set()
        self._are_called: asyncio.Future[None] | None = None
        self._is_running = False
        self._is_abandoned = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def are_settled(self) -> bool:
        return not (self._run.pending or self._run.awaiting or self._tasks or self._under_way)

    def start(self) -> None:
        """Starts the pending batch fields, concurrently with the caller."""
        if not (self._run.pending or self._run.awaiting) or not _is_loop_running():
            return
        self._begin_calls()
        if self._run.pending and not self._is_running:
            self._is_running = True
            self.add_task(self._run_waves())

    def add_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Makes the run wait for the coroutine."""
        self._tasks.add(asyncio.get_running_loop().create_task(coroutine))

    async def settle(self) -> None:
        """Returns when all batch fields are written; raises errors that belong to no field."""
        await self._await_only_calls()
        if self._run.late_errors.leaves_nothing:
            return
        while not self._is_settled_after_beginning():
            if self._run.pending and not self._is_running:
                self._is_running = True
                await self._run_waves()
                continue
            called = self._are_called if self._under_way else None
            waited: list[asyncio.Future[None]] = [*self._tasks] if called is None else [*self._tasks, called]
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            self._tasks -= done
            for ended in done:
                ended.result()
            if self._run.late_errors.leaves_nothing:
                return

    async def _await_only_calls(self) -> None:
        """Awaits the async function of one object in the current task, for as long as no other work is left.

        graphql-core does so as well. A task of its own would cost four more turns of the event loop.
        """
        run = self._run
        while len(run.awaiting) == 1 and not (run.pending or self._tasks or self._under_way):
            [(place, entry)] = run.awaiting
            batches = self._awaited(place)
            if len(batches) != 1:
                return
            run.awaiting = []
            [batch] = batches
            assert batch.begin is not None
            try:
                result = await batch.begin(run, entry[1], entry[2])
            except Exception as error:  # noqa: BLE001  it is reported in the answer
                result = error
            batch.deliver(run, [entry], [result])
            if run.late_errors.leaves_nothing:
                return

    def _is_settled_after_beginning(self) -> bool:
        self._begin_calls()
        return self.are_settled

    def abandon(self) -> None:
        """Cancels running tasks without waiting for them."""
        self._is_abandoned = True
        for task in (*self._tasks, *self._under_way):
            task.cancel()

    async def cancel(self) -> None:
        """Cancels running tasks and waits for their end."""
        self.abandon()
        if self._tasks or self._under_way:
            await asyncio.gather(*self._tasks, *self._under_way, return_exceptions=True)

    def _begin_calls(self) -> None:
        """Starts a task for the async function of each completed object, in the current context."""
        run = self._run
        while run.awaiting:
            awaiting, run.awaiting = run.awaiting, []
            for place, entry in awaiting:
                for batch in self._awaited(place):
                    self._begin(batch, entry)

    def _begin(self, batch: Batch, entry: Entry) -> None:
        assert batch.begin is not None
        _, source, position = entry
        try:
            coroutine = batch.begin(self._run, source, position)
        except Exception as error:  # noqa: BLE001  it is reported in the answer
            batch.deliver(self._run, [entry], [error])
            return
        context = copy_context()
        loop = asyncio.get_running_loop()
        task = loop.create_task(coroutine, context=context)
        self._under_way.add(task)
        if self._are_called is None:
            self._are_called = loop.create_future()
        # in the function's own context, where graphql-core also completes its result
        task.add_done_callback(partial(self._end, batch, entry), context=context)

    def _end(self, batch: Batch, entry: Entry, task: asyncio.Task[Any]) -> None:
        """Writes the result of a call, and starts the calls that the result needs."""
        self._under_way.discard(task)
        called = self._are_called
        error = CancelledError() if task.cancelled() else task.exception()
        if called is None or called.done() or self._is_abandoned:
            return
        if error is not None and not isinstance(error, Exception):
            called.set_exception(error)
            return
        batch.deliver(self._run, [entry], [task.result() if error is None else error])
        self.start()
        if self._run.late_errors.leaves_nothing:
            called.set_result(None)
        elif not self._under_way:
            self._are_called = None
            called.set_result(None)

    async def _run_waves(self) -> None:
        run = self._run
        by_load: dict[Load, Asked] = {}
        try:
            while run.pending or by_load:
                pending, run.pending = run.pending, defaultdict(list)
                calls = self._calls(pending, by_load)
                # otherwise load later, because results of these calls may need further keys of the same `load`
                if not (calls and run.awaits_one_by_one):
                    calls += [self._load(load, asked) for load, asked in by_load.items()]
                    by_load.clear()
                if len(calls) == 1 or run.awaits_one_by_one:
                    await _one_by_one(calls)
                else:
                    await gather_with_cancel(*calls)
                self._begin_calls()
        finally:
            self._is_running = False

    def _calls(self, pending: Mapping[int, list[Entry]], by_load: dict[Load, Asked]) -> list[Coroutine[Any, Any, None]]:
        """One call for each function and arguments; keyed batches are added to `by_load`."""
        by_function: list[tuple[Any, dict[str, Any], Asked]] = []
        for place, entries in pending.items():
            for batch in self._batches(place):
                kind = batch.field.batch
                if isinstance(kind, KeyedBatch):
                    by_load.setdefault(kind.load, []).append((batch, entries))
                    continue
                assert isinstance(kind, ParentsBatch)
                try:
                    arguments = {} if batch.field.arguments is None else arguments_of(self._run, batch.field)
                except Exception as error:  # noqa: BLE001  it is reported in the answer
                    batch.deliver(self._run, entries, [error] * len(entries))
                    continue
                self._join(by_function, batch, entries, kind, arguments)
        return [self._call(key[0], arguments, asked) for key, arguments, asked in by_function]

    def _join(
        self,
        calls: list[tuple[Any, dict[str, Any], Asked]],
        batch: Batch,
        entries: list[Entry],
        kind: ParentsBatch,
        arguments: dict[str, Any],
    ) -> None:
        """Adds the field to a call with equal arguments, or creates a call."""
        nodes = tuple(map(id, batch.field.nodes)) if kind.looks_ahead else ()
        for key, known_arguments, asked in calls:
            if key == (kind.function, nodes) and _are_same(known_arguments, arguments):
                asked.append((batch, entries))
                return
        calls.append(((kind.function, nodes), arguments, [(batch, entries)]))

    async def _call(self, function: Callable[..., Any], arguments: dict[str, Any], asked: Asked) -> None:
        parents = [parent for _, entries in asked for _, parent, _ in entries]
        try:
            results = one_for_each(await function(parents, self._info(asked), **arguments), len(parents))
        except Exception as error:  # noqa: BLE001  it is reported in the answer
            results = [error] * len(parents)
        start = 0
        for batch, entries in asked:
            batch.deliver(self._run, entries, results[start : start + len(entries)])
            start += len(entries)

    async def _load(self, load: Load, asked: Asked) -> None:
        # Stored beside the futures of graphql-core, so that an application that clears these between two mutations
        # clears both.
        known: dict[Any, Any] = loaders_of(self._run.context_value).setdefault((load, "loaded"), {})
        keys_by_place = [_keys(batch.field, entries) for batch, entries in asked]
        wanted = [key for key in dict.fromkeys(chain.from_iterable(keys_by_place)) if key is not None]
        missing = [key for key in wanted if key not in known and not isinstance(key, Exception)]
        if missing:
            try:
                found = await load(self._info(asked), missing)
                known.update(zip(missing, one_for_each(map(found.get, missing), len(missing)), strict=True))
            except Exception as error:  # noqa: BLE001  it is reported in the answer
                known.update(dict.fromkeys(missing, error))
        for (batch, entries), keys in zip(asked, keys_by_place, strict=True):
            columns = (keys,) if batch.shares_equal else ()
            batch.deliver(self._run, entries, _values(batch.field, entries, keys, known), *columns)

    def _info(self, asked: Asked) -> Any:
        """The `info` of the first position."""
        batch, entries = asked[0]
        return info_of(self._run, batch.field, entries[0][2])


def _is_loop_running() -> bool:
    """Whether an event loop is running; False under `execute_sync`, which then reports the failure."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _one_by_one(calls: Sequence[Coroutine[Any, Any, None]]) -> None:
    try:
        for call in calls:
            await call
    finally:
        for call in calls:
            call.close()  # closes calls left by a cancellation; Python warns about coroutines that are never awaited


def _are_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether arguments are equal, distinguishing 1 from True and from 1.0."""
    return one is other or (one == other and repr(one) == repr(other))


def _keys(field: PlannedField, entries: Sequence[Entry]) -> list[Any]:
    """Key of each parent, or the exception that getting it raised."""
    assert isinstance(field.batch, KeyedBatch)
    key_of = field.batch.key
    try:
        keys = [key_of(parent) for _, parent, _ in entries]
        set(keys)  # raises TypeError for keys that cannot be hashed
        return keys
    except Exception:  # noqa: BLE001  each parent is asked by itself below, and its exception kept
        return [_key_or_error(key_of, parent) for _, parent, _ in entries]


def _key_or_error(key_of: Callable[[Any], Any], parent: Any) -> Any:
    try:
        key = key_of(parent)
        hash(key)
        return key
    except Exception as error:  # noqa: BLE001  it is reported in the answer
        return error


def _values(field: PlannedField, entries: Sequence[Entry], keys: Sequence[Any], known: Mapping[Any, Any]) -> list[Any]:
    """Value that the field shows for each parent, or an exception."""
    assert isinstance(field.batch, KeyedBatch)
    show = field.batch.show
    if show is None:
        shown = _shown(field.batch.pick, keys, known)
        return [shown[key] for key in keys]
    found = {key: key if isinstance(key, Exception) else known.get(key) for key in dict.fromkeys(keys)}
    pairs = [(parent, found[key]) for (_, parent, _), key in zip(entries, keys, strict=True)]
    is_whole = not any(issubclass(kind, (NoneType, Exception)) for kind in set(map(type, found.values())))
    try:
        return [show(*pair) if is_whole else _picked(partial(show, pair[0]), pair[1]) for pair in pairs]
    except Exception:  # noqa: BLE001  each parent is shown by itself, and its exception kept
        return [_picked(partial(show, parent), value) for parent, value in pairs]


def _shown(pick: Callable[[Any], Any] | None, keys: Sequence[Any], known: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values that the field shows by key, including exceptions."""
    shown: dict[Any, Any] = {}
    for key in dict.fromkeys(keys):
        value = key if isinstance(key, Exception) else known.get(key)
        shown[key] = value if pick is None else _picked(pick, value)
    return shown


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
