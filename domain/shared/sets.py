"""Changing a collection without replacing it by accident."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChange:
    """Either `set`, the whole new content, or what to add and remove."""

    set: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def applied_to(self, current: Iterable[str]) -> frozenset[str]:
        if self.set is not None:
            return frozenset(self.set)
        return (frozenset(current) | frozenset(self.add)) - frozenset(self.remove)
