"""Relations are read for all parents of a list at once, so that N+1 cannot happen.

Under graphql-core's executor each parent waits for a future, and one turn of the event loop later one call
serves all that wait. The compiled executor calls the same functions directly, without futures.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import strawberry
from graphql import FieldNode

from api.shared.context import Info
from api.shared.loads import ByIds
from domain.app import App

Batch = Callable[..., Awaitable[Sequence[Any]]]
Load = Callable[[App], ByIds]


def batched(*, description: str, graphql_type: Any) -> Callable[[Batch], Any]:
    """A field whose function gets all parents, `info` and the field's arguments, and returns one result per parent."""

    def field(function: Batch) -> Any:
        _parents, info, *arguments = inspect.signature(function).parameters.values()

        def resolve(root: Any, info: Info, **given: Any) -> Awaitable[Any]:
            node: FieldNode = info._raw_info.field_nodes[0]  # noqa: SLF001  Info has no public way to its AST node
            batch = _waiting(info, (function, id(node)), lambda roots: function(roots, info, **given))
            return batch.add(root)

        resolve.__name__ = function.__name__
        resolve.__doc__ = function.__doc__
        resolve.__module__ = function.__module__
        resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
                info.replace(annotation=Info),
                *(argument.replace(kind=inspect.Parameter.KEYWORD_ONLY) for argument in arguments),
            ],
            return_annotation=graphql_type,
        )
        return strawberry.field(resolver=resolve, graphql_type=graphql_type, description=description)

    return field


def related(key: str, load: Load, *, description: str, graphql_type: Any, pick: str | None = None) -> Any:
    """A field that leads to one other entity, by the id in the parent's attribute `key`.

    `load` names the App's method that reads entities by id. Equal ids asked for from several places of an operation
    are read once. `pick` is the part of what was loaded that this field shows.
    """
    id_of = attrgetter(key)
    part = attrgetter(pick) if pick else _whole

    async def resolve_entity(loaded: Awaitable[Any]) -> Any:
        entity = await loaded
        return None if entity is None else part(entity)

    def resolve(root: Any, info: Info) -> Awaitable[Any] | None:
        wanted = id_of(root)
        if wanted is None:
            return None
        return resolve_entity(_by_id(info, load).get(wanted))

    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
            inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
        ],
        return_annotation=graphql_type,
    )
    return strawberry.field(resolver=resolve, graphql_type=graphql_type, description=description)


class _Batch:
    """The parents that wait for one function, served together."""

    def __init__(self, run: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]], done: Callable[[], None]) -> None:
        self._run = run
        self._done = done
        self._parents: list[Any] = []
        self._futures: list[asyncio.Future[Any]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, parent: Any) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if not self._parents:
            loop.call_soon(self._start)
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(_retrieve)
        self._parents.append(parent)
        self._futures.append(future)
        return future

    def _start(self) -> None:
        self._done()
        self._task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        try:
            results = await self._run(self._parents)
        except Exception as error:  # noqa: BLE001  handed to whoever waits, where the executor reports it
            self._settle([error] * len(self._futures))
        else:
            self._settle(results)

    def _settle(self, results: Sequence[Any]) -> None:
        for future, result in zip(self._futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


class _ById:
    """What has been read by id for one operation, each id once."""

    def __init__(self, run: Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]]) -> None:
        self._run = run
        self._known: dict[str, asyncio.Future[Any]] = {}
        self._batch: _Batch | None = None

    def get(self, entity_id: str) -> asyncio.Future[Any]:
        if entity_id not in self._known:
            if self._batch is None:
                self._batch = _Batch(self._read, self._close)
            self._known[entity_id] = self._batch.add(entity_id)
        return self._known[entity_id]

    def _close(self) -> None:
        self._batch = None

    async def _read(self, ids: Sequence[str]) -> Sequence[Any]:
        found = await self._run(ids)
        return [found.get(entity_id) for entity_id in ids]


def _waiting(info: Info, key: Hashable, run: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]) -> _Batch:
    loaders = info.context.loaders
    if key not in loaders:
        loaders[key] = _Batch(run, lambda: loaders.pop(key))
    batch: _Batch = loaders[key]
    return batch


def _by_id(info: Info, load: Load) -> _ById:
    loaders = info.context.loaders
    if load not in loaders:
        context = info.context
        loaders[load] = _ById(lambda ids: load(context.app)(context.actor, ids))
    loader: _ById = loaders[load]
    return loader


def _whole(entity: Any) -> Any:
    return entity


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Keeps asyncio from logging a failure that the executor has no more use for."""
    if not future.cancelled():
        future.exception()
