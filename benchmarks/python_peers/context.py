"""Context of one operation of the Python peers: its reads, and a DataLoader for each relation."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.python_peers.reads import Reads

NewLoader = Callable[[Callable[[Any], Any]], Any]
"""Class of DataLoaders, which is called with the batch function."""


class Context:
    __slots__ = ("_loaders", "_new_loader", "reads")

    def __init__(self, reads: Reads, new_loader: NewLoader) -> None:
        self.reads = reads
        self._new_loader = new_loader
        self._loaders: dict[object, Any] = {}

    def loader(self, relation: str) -> Any:
        """DataLoader over the batch function with that name in Reads."""
        return self._loader(relation, getattr(self.reads, relation))

    def comments(self, first: int) -> Any:
        """DataLoader of the first comments of issues."""
        return self._loader(("comments", first), partial(self._comments, first))

    async def _comments(self, first: int, ids: Sequence[str]) -> list[Any]:
        return await self.reads.comments(ids, first)

    def _loader(self, key: object, load: Callable[[Any], Any]) -> Any:
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = self._new_loader(load)
        return loader
