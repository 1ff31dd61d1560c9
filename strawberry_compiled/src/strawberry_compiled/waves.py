"""Waves: each wave serves the batch fields of all positions of a plan, until no batch field is pending."""

import asyncio
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol, TypeAlias

from graphql.pyutils import gather_with_cancel

from strawberry_compiled.batching import Load, loaders_of, one_for_each
from strawberry_compiled.completion import arguments_of
from strawberry_compiled.infos import info_at
from strawberry_compiled.loaded import Loaded, keys_of, shown_of
from strawberry_compiled.results import Batch, rows_for, write_loaded, write_rows, write_values
from strawberry_compiled.row_blocks import Entries, Entry, Group, parents_of
from strawberry_compiled.row_planning import Layout, RowField
from strawberry_compiled.rows import PROJECTION
from strawberry_compiled.run import Run

Asked: TypeAlias = list[tuple[Batch, Group]]
"""Fields and groups of objects that one call of a batch function serves."""


class Plan(Protocol):
    """The part of a plan that its waves use."""

    def batches(self, place: int) -> Sequence[Batch]:
        """Batch fields of the selection with that number."""

    def awaited(self, place: int) -> Sequence[Batch]:
        """The fields with async functions of the selection with that number."""

    def layout(self, fields: Sequence[RowField | None]) -> Layout | None:
        """The layout of records that serve all of these fields; None if one of them needs objects."""

    def layout_of_load(self, load: Load) -> Layout | None:
        """The layout of records that serve all fields of the plan with this `load`."""

    def maker(self, rows: RowField, layout: Layout) -> Callable[..., Any]:
        """The generated function of the field for records of the layout."""


class Waves:
    """The batch fields and async functions of one run."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self._run = run
        self._plan = plan
        self._under_way: set[asyncio.Task[Any]] = set()
        self._are_called: asyncio.Future[None] | None = None
        self._is_running = False
        self._is_abandoned = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_new_tasks = False

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
            self._tasks.add(asyncio.get_running_loop().create_task(self._run_waves()))

    def add_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Makes the run wait for the coroutine, which begins before the next batch fields."""
        self._tasks.add(asyncio.get_running_loop().create_task(coroutine))
        self._has_new_tasks = True

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
            batches = self._plan.awaited(place)
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
                for batch in self._plan.awaited(place):
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
            while run.pending or run.blocks or by_load:
                if self._has_new_tasks:
                    # What functions of the same objects have begun goes first, as in graphql-core.
                    self._has_new_tasks = False
                    await asyncio.sleep(0)
                calls = self._calls(self._take_groups(), by_load)
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

    def _take_groups(self) -> list[tuple[int, Group]]:
        """Entries and blocks that are pending, each group with the number of its selection."""
        run = self._run
        pending, run.pending = run.pending, defaultdict(list)
        blocks, run.blocks = run.blocks, []
        groups: list[tuple[int, Group]] = [(place, Entries(entries)) for place, entries in pending.items()]
        groups += [(block.shape.number, block) for block in blocks]
        return groups

    def _calls(
        self, groups: Sequence[tuple[int, Group]], by_load: dict[Load, Asked]
    ) -> list[Coroutine[Any, Any, None]]:
        """One call for each function and arguments; keyed batches are added to `by_load`."""
        calls: list[tuple[dict[str, Any], Asked]] = []
        by_function: dict[Any, list[tuple[dict[str, Any], Asked]]] = {}
        for place, group in groups:
            for batch in self._plan.batches(place):
                if batch.load is not None:
                    by_load.setdefault(batch.load, []).append((batch, group))
                    continue
                try:
                    arguments = {} if batch.field.arguments is None else arguments_of(self._run, batch.field)
                except Exception as error:  # noqa: BLE001  it is reported in the answer
                    write_values(self._run, batch, group, [error] * len(group))
                    continue
                alike = by_function.setdefault(batch.call, [])
                for known_arguments, asked in alike:
                    if _are_same(known_arguments, arguments):
                        asked.append((batch, group))
                        break
                else:
                    alike.append((arguments, [(batch, group)]))
                    calls.append(alike[-1])
        return [self._call(arguments, asked) for arguments, asked in calls]

    async def _call(self, arguments: dict[str, Any], asked: Asked) -> None:
        run = self._run
        layout = self._layout(asked)
        first = asked[0][0]
        parents = parents_of([group for _, group in asked], first.needs)
        results: Any
        try:
            results = await first.call[0](parents, self._info(asked, layout), **arguments)
            if layout is None or not rows_for(results, len(parents)):
                layout = None
                results = one_for_each(results, len(parents))
        except Exception as error:  # noqa: BLE001  it is reported in the answer
            layout = None
            results = [error] * len(parents)
        start = 0
        for batch, group in asked:
            if layout is None or batch.rows is None:
                write_values(run, batch, group, results[start : start + len(group)])
            else:
                write_rows(run, batch, group, results, start, self._plan.maker(batch.rows, layout))
            start += len(group)

    async def _load(self, load: Load, asked: Asked) -> None:
        run = self._run
        layout = self._plan.layout_of_load(load)
        # Stored beside the futures of graphql-core, so that an application that clears these between two mutations
        # clears both. A plan that grows asks for further columns, and then loads anew.
        kept = load, "loaded" if layout is None else layout.projection
        loaders = loaders_of(run.context_value)
        loaded: Loaded | None = loaders.get(kept)
        if loaded is None:
            loaded = loaders[kept] = Loaded()
        keys_by_group = [keys_of(batch.keyed, group) for batch, group in asked]
        missing = loaded.missing(keys_by_group)
        if missing:
            try:
                loaded.add(await load(self._info(asked, layout), missing), missing, layout)
            except Exception as error:  # noqa: BLE001  it is reported in the answer
                loaded.values.update(dict.fromkeys(missing, error))
        for (batch, group), keys in zip(asked, keys_by_group, strict=True):
            if layout is None or batch.rows is None:
                write_values(run, batch, group, shown_of(batch.keyed, group, keys, loaded.values), keys)
            else:
                write_loaded(run, batch, group, keys, loaded, self._plan.maker(batch.rows, layout))

    def _layout(self, asked: Asked) -> Layout | None:
        """The layout of records that serve all of these fields; None if one of them needs objects."""
        rows = asked[0][0].rows
        if len(asked) == 1 or rows is None:
            return None if rows is None else rows.layout
        return self._plan.layout([batch.rows for batch, _ in asked])

    def _info(self, asked: Asked, layout: Layout | None) -> Any:
        """The `info` of the first position, with the projection that serves all positions."""
        batch, group = asked[0]
        info = info_at(self._run, batch.field, group.path())
        if layout is not None:
            vars(info)[PROJECTION] = layout.projection  # an own class of `info` may refuse attributes
        return info


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
