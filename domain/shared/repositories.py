"""Ports: the write side of one kind of entity, inside a Unit of Work."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from domain.shared.actor import Actor

E = TypeVar("E")


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

    async def add(self, entity: E) -> None:
        """Stores a new entity; raises Conflict if it breaks a uniqueness rule."""
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
