"""Adapter from a DataLoader to a `related` field."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from strawberry_compiled.batching import Load


def loaded_by(loader: Callable[[strawberry.Info], DataLoader[Any, Any]]) -> Load:
    """The `load` of `related` fields with an existing DataLoader; `loader` gets it from `info`.

    Keys, cache and primed values are the DataLoader's own, so other code can go on using it. Call this once for each
    DataLoader and share the result, because fields with the same `load` load together.
    """

    async def load(info: strawberry.Info, keys: Sequence[Any]) -> Mapping[Any, Any]:
        found = await asyncio.gather(*map(loader(info).load, keys), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException) and not isinstance(each, Exception):
                raise each  # a cancellation concerns all keys
        return dict(zip(keys, found, strict=True))

    return load
