"""Ports: the write side of one kind of entity, inside a Unit of Work."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.shared.ids import check_id

E = TypeVar("E")


def noun_of(kind: Any) -> str:
    """Name of an entity in messages, such as "project member" for ProjectMember."""
    return _noun_of(kind)


@cache
def _noun_of(kind: Any) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


@dataclass(frozen=True, slots=True)
class Found(Generic[E]):
    """Entities that the actor may see, out of those that were asked for, in id order."""

    kind: type[Any]
    by_id: Mapping[str, E] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: type[Any], entities: Iterable[Any]) -> "Found[E]":
        return cls(kind, {entity.id: entity for entity in sorted(entities, key=lambda entity: entity.id)})

    def get(self, entity_id: str, *, path: tuple[str, ...] = ("id",)) -> E:
        """The entity; raises NotFound if it is missing or invisible to the actor, WrongId for another kind's id."""
        entity = self.by_id.get(entity_id)
        if entity is None:
            check_id(entity_id, self.kind.prefix, path, noun=noun_of(self.kind))
            raise NotFound(f"This {noun_of(self.kind)} does not exist or is not visible to you.", path=path)
        return entity

    def __iter__(self) -> Iterator[E]:
        return iter(self.by_id.values())


class Repository(Protocol[E]):
    """Repository of entities that belong to a workspace."""

    async def get(
        self, actor: Actor, entity_id: str, *, path: tuple[str, ...] = ("id",), for_update: bool = False
    ) -> E:
        """The entity; raises NotFound if it is missing or invisible to the actor, WrongId for another kind's id."""
        ...

    async def get_all(
        self, actor: Actor, ids: Collection[str], *, path: tuple[str, ...] = ("id",), for_update: bool = False
    ) -> list[E]:
        """The entities in id order; raises NotFound if any is missing or invisible, WrongId for another kind's id."""
        ...

    async def find(
        self, actor: Actor, ids: Collection[str], *, within: str | None = None, for_update: bool = False
    ) -> Found[E]:
        """The entities that the actor may see, the others left out; reads nothing without a well-formed id.

        `within` is a workspace that the actor sees, and excludes all others.
        """
        ...

    async def add(self, entity: E) -> None:
        """Stores a new entity; raises Conflict if it breaks a uniqueness rule."""
        ...

    async def add_all(self, entities: Collection[E]) -> None:
        """Stores new entities; raises Conflict if one breaks a uniqueness rule."""
        ...

    async def save(self, before: E, after: E) -> None:
        """Writes the fields that differ; raises Conflict if they break a uniqueness rule."""
        ...

    async def save_all(self, changes: Sequence[tuple[E, E]]) -> None:
        """Writes the fields that differ, of entities of one workspace that were read for update before the change."""
        ...

    async def remove(self, entity: E) -> None:
        """Deletes the entity; raises Conflict if other entities refer to it."""
        ...
