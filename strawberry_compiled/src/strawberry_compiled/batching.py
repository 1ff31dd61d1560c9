"""Fields that are resolved for all parents at once, so that N+1 queries cannot happen.

The compiled executor calls a batch field's function directly, once per wave. Under graphql-core each parent waits for a
future, and after one turn of the event loop a single call serves all waiting parents, with equal results.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

import strawberry
from graphql import FieldNode

BatchFunction: TypeAlias = Callable[..., Awaitable[Sequence[Any]]]
Load: TypeAlias = Callable[[Any, Sequence[Any]], Awaitable[Mapping[Any, Any]]]

BATCH = "strawberry_compiled.batch"
"""Key of a batch field in the metadata of its Strawberry field."""
LOADERS = "strawberry_compiled_loaders"
"""Name of the mapping that is added to a context without `loaders`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentsBatch:
    """`function` gets all parents, `info` and the arguments, and returns one result or exception per parent.

    `needs` are the attributes that it reads of the parents, if they may be rows; None if they must be objects.
    """

    function: BatchFunction
    looks_ahead: bool
    needs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedBatch:
    """A batch by key. `load` gets `info` and keys, and returns entities by key.

    `pick` selects the shown value of an entity; `show` computes it from the parent and the entity. `needs` are the
    attributes of the parent that `key` and `show` read, and `needs_found` those of the entity that `show` reads; None
    if the entity must be an object.
    """

    load: Load
    key: Callable[[Any], Any]
    pick: Callable[[Any], Any] | None
    show: Callable[[Any, Any], Any] | None = None
    picked: str | None = None
    needs: tuple[str, ...] = ()
    needs_found: tuple[str, ...] | None = None


def batched(
    function: BatchFunction | None = None,
    *,
    graphql_type: Any,
    description: str,
    looks_ahead: bool = False,
    needs: tuple[str, ...] | None = None,
) -> Any:
    """A field whose function gets all parents, `info` and arguments, and returns one result per parent.

    A function that looks ahead, at its own selection in `info`, is called once for each position in the document. Other
    functions are called once for all positions with equal arguments. `needs` names all attributes that the function
    reads of its parents, which then may be rows with these attributes only.
    """

    def field(decorated: BatchFunction) -> Any:
        _parents, info, *arguments = inspect.signature(decorated).parameters.values()

        def resolve(root: Any, info: strawberry.Info, **given: Any) -> Awaitable[Any]:
            nodes: list[FieldNode] = info._raw_info.field_nodes  # noqa: SLF001  Info has no public way to its AST nodes
            queue = _waiting(info, (decorated, *map(id, nodes)), lambda roots: decorated(roots, info, **given))
            return queue.add(root)

        resolve.__name__ = getattr(decorated, "__name__", "resolve")
        resolve.__doc__ = decorated.__doc__
        resolve.__module__ = decorated.__module__
        _take_signature(
            resolve,
            [info.replace(annotation=strawberry.Info, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)],
            [argument.replace(kind=inspect.Parameter.KEYWORD_ONLY) for argument in arguments],
            graphql_type,
        )
        batch = ParentsBatch(function=decorated, looks_ahead=looks_ahead, needs=needs)
        return _field(resolve, graphql_type=graphql_type, description=description, batch=batch)

    return field if function is None else field(function)


def related(
    key: str,
    load: Load,
    *,
    graphql_type: Any,
    description: str,
    pick: str | None = None,
    show: Callable[[Any, Any], Any] | None = None,
    needs: tuple[str, ...] = (),
    needs_found: tuple[str, ...] | None = None,
) -> Any:
    """A field for one related entity, by the key in the parent's attribute `key`; null if that is None.

    Fields with the same `load` share their results: equal keys at several positions of an operation are loaded once. A
    key without a result is null, and an exception as a result is raised. `pick` names the attribute of the loaded
    entity that the field shows; `show` is a function of the parent and the loaded entity that returns its value.
    `needs` and `needs_found` name the attributes of the parent and of the entity that `show` reads; the entity may be a
    row only with `needs_found`.
    """
    if pick is not None and show is not None:
        raise TypeError("A field takes `pick` or `show`, not both.")
    key_of = attrgetter(key)
    part = None if pick is None else attrgetter(pick)

    async def shown(root: Any, found: Awaitable[Any]) -> Any:
        entity = await found
        if entity is None:
            return None
        return part(entity) if part is not None else show(root, entity) if show is not None else entity

    def resolve(root: Any, info: strawberry.Info) -> Awaitable[Any] | None:
        wanted = key_of(root)
        found = None if wanted is None else _by_key(info, load).get(wanted)
        return found if found is None or (part is None and show is None) else shown(root, found)

    _take_signature(resolve, [_info_parameter()], [], graphql_type)
    batch = KeyedBatch(
        load=load, key=key_of, pick=part, show=show, picked=pick, needs=(key, *needs), needs_found=needs_found
    )
    return _field(resolve, graphql_type=graphql_type, description=description, batch=batch)


def _info_parameter() -> inspect.Parameter:
    return inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info)


def _field(resolve: Callable[..., Any], *, graphql_type: Any, description: str, batch: Any) -> Any:
    return strawberry.field(
        resolver=resolve, graphql_type=graphql_type, description=description, metadata={BATCH: batch}
    )


def _take_signature(
    resolve: Callable[..., Any],
    positional: list[inspect.Parameter],
    arguments: list[inspect.Parameter],
    graphql_type: Any,
) -> None:
    """Sets the resolver's signature, from which Strawberry derives the GraphQL arguments."""
    root = inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any)
    signature = inspect.Signature([root, *positional, *arguments], return_annotation=graphql_type)
    resolve.__signature__ = signature  # type: ignore[attr-defined]  # Strawberry reads it


class _Queue:
    """Parents or keys that wait for one call, which serves all of them after one turn of the event loop."""

    def __init__(self, run: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]], start: Callable[[], None]) -> None:
        self._run = run
        self._on_start = start
        self._waiting: list[Any] = []
        self._futures: list[asyncio.Future[Any]] = []
        self._task: asyncio.Task[None] | None = None
        self._gone = 0

    def add(self, item: Any) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._start)
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(self._note_end)
        self._waiting.append(item)
        self._futures.append(future)
        return future

    def _start(self) -> None:
        self._on_start()
        if self._gone < len(self._futures):
            self._task = asyncio.get_running_loop().create_task(self._serve())

    def _note_end(self, future: asyncio.Future[Any]) -> None:
        """Marks failures as seen, so that asyncio does not log them; cancels a call without waiters."""
        if not future.cancelled():
            future.exception()
            return
        self._gone += 1
        if self._task is not None and self._gone == len(self._futures):
            self._task.cancel()

    async def _serve(self) -> None:
        try:
            results = one_for_each(await self._run(self._waiting), len(self._waiting))
        except Exception as error:  # noqa: BLE001  handed to whoever waits, where the executor reports it
            results = [error] * len(self._futures)
        except asyncio.CancelledError:
            for future in self._futures:
                future.cancel()  # otherwise they would wait forever
            raise
        for future, result in zip(self._futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


class _Shared:
    """A future with several waiters; canceling one of them does not cancel the others."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future
        self._waiting = 0

    @property
    def is_given_up(self) -> bool:
        return self._future.cancelled()

    def share(self) -> asyncio.Future[Any]:
        if self._future.done():
            return self._future
        self._waiting += 1
        shared = asyncio.shield(self._future)
        shared.add_done_callback(self._note_end)
        return shared

    def _note_end(self, shared: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not shared.cancelled():
            shared.exception()  # mark the exception as seen, in case no task awaits it
        elif not self._waiting:
            self._future.cancel()


class _ByKey:
    """Entities loaded by key for one operation, each key once."""

    def __init__(self, load: Callable[[Sequence[Any]], Awaitable[Mapping[Any, Any]]]) -> None:
        self._load = load
        self._known: dict[Any, _Shared] = {}
        self._queue: _Queue | None = None

    def get(self, key: Any) -> asyncio.Future[Any]:
        known = self._known.get(key)
        if known is None or known.is_given_up:
            if self._queue is None:
                self._queue = _Queue(self._read, self._close)
            known = self._known[key] = _Shared(self._queue.add(key))
        return known.share()

    def _close(self) -> None:
        self._queue = None

    async def _read(self, keys: Sequence[Any]) -> Sequence[Any]:
        found = await self._load(keys)
        return [found.get(key) for key in keys]


def one_for_each(results: Iterable[Any], expected: int) -> Sequence[Any]:
    """Results of a batch function; raises TypeError unless there is one per parent."""
    given = list(results)
    if len(given) != expected:
        raise TypeError(f"A batch function returned {len(given)} results for {expected} parents.")
    # A future rejects StopIteration, because a coroutine that raises it has returned.
    return [RuntimeError("StopIteration") if isinstance(each, StopIteration) else each for each in given]


def loaders_of(context: Any) -> MutableMapping[Any, Any]:
    """Mapping in the context that holds pending and loaded values of batch fields, for one operation.

    This is `context.loaders` if that is a mapping; otherwise an entry or attribute that is added to the context.
    """
    loaders = getattr(context, "loaders", None)
    if type(loaders) is dict or isinstance(loaders, MutableMapping):
        return loaders
    entries = context if isinstance(context, MutableMapping) else getattr(context, "__dict__", None)
    if entries is None:
        raise TypeError("Batch fields keep what they load in the context. Pass a `context_value`, for example {}.")
    added: MutableMapping[Any, Any] = entries.setdefault(LOADERS, {})
    return added


def _waiting(info: strawberry.Info, key: Hashable, run: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]) -> _Queue:
    loaders = loaders_of(info.context)
    if key not in loaders:
        loaders[key] = _Queue(run, lambda: loaders.pop(key, None))
    queue: _Queue = loaders[key]
    return queue


def _by_key(info: strawberry.Info, load: Load) -> _ByKey:
    loaders = loaders_of(info.context)
    if load not in loaders:
        loaders[load] = _ByKey(lambda keys: load(info, keys))
    loader: _ByKey = loaders[load]
    return loader
