"""Undo for objects that a `Replacement` deletes: deleted ones come back under their ID, created ones are deleted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from domain.shared.deleted_objects import DeletedObject
from domain.shared.entities import with_values
from domain.shared.errors import Conflict, ErrorCode
from domain.shared.events import Event
from domain.shared.net_changes import NetChange
from domain.shared.replacements import Replaceable, Replacement, check_usable
from domain.shared.undoing import PATH, NotRestored, Undo, UndoKind, Undone, restored

R = TypeVar("R", bound=Replaceable)
Names = Mapping[tuple[str, str], str]
"""IDs of objects by container and name."""


class NamedRepository(Protocol[R]):
    """Repository of objects with unique names, which can be deleted and come back."""

    async def named(self, workspace_id: str, names: Collection[str]) -> Sequence[R]:
        """The objects of the workspace with these names."""
        ...

    async def add_all(self, entities: Collection[R]) -> None:
        """Stores new objects; raises Conflict if they break a uniqueness rule."""
        ...

    async def remove_all(self, entities: Sequence[R]) -> None:
        """Deletes objects of one workspace; raises Conflict if others refer to them."""
        ...


@dataclass(frozen=True, kw_only=True)
class UndoDeletable(UndoKind[R]):
    replacement: Replacement[R]

    @classmethod
    def of(cls, replacement: Replacement[R], entity: type[R], *, created: type[Event]) -> Self:
        return cls(
            entity=entity,
            repository=replacement.repository,
            created=created,
            updated=replacement.updated,
            deleted=replacement.deleted,
            replacement=replacement,
        )

    def check(self, undo: Undo, entity: R, net: NetChange) -> None:
        check_usable(entity, PATH)

    async def bring_back(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        ids = [net.subject_id for net in nets]
        kept = await undo.uow.deleted_objects.by_ids(undo.workspace_id, ids)
        gone = {each.id: self._before(undo.rows[each.id].net, each) for each in kept}
        containers = await self.containers(undo, gone.values())
        # Read after the containers are locked, since another undo may have brought them back meanwhile.
        present = (await self.repository(undo.uow).find(undo.actor, ids)).by_id
        names = await self._names(undo, [entity.name for entity in gone.values()])
        back = []
        for net in nets:
            with undo.row(net) as row:
                if net.subject_id not in present:
                    back.append(self._returning(undo, gone.get(row.net.subject_id), containers, names))
        await self._return(undo, back)

    async def take_back(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        ids = [net.subject_id for net in nets]
        seen = (await self.repository(undo.uow).find(undo.actor, ids)).by_id
        containers = await self.containers(undo, seen.values())
        found = await self.locked(undo, nets)
        used = await self.replacement.references(undo.uow).used(undo.workspace_id, list(found))
        gone = []
        for net in nets:
            entity = found.get(net.subject_id)
            if entity is None:
                continue
            with undo.row(net) as row:
                if self.is_as_created(row, entity, None):
                    self.check(undo, entity, net)
                    self._check_removable(entity, containers, used)
                    gone.append(entity)
        await self._remove(undo, await self.spare(undo, gone))

    async def load(self, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, R]) -> Names:
        """Holders of the names that the objects had."""
        return await self._names(undo, [str(net.fields["name"].before) for net in nets if "name" in net.fields])

    def reverted(self, undo: Undo, row: Undone, entity: R, known: Names) -> R:
        after = super().reverted(undo, row, entity, known)
        if known.get((self.container_of(after), after.name), after.id) == after.id:
            return after
        row.refuse(self._taken(after))
        return with_values(after, name=entity.name)

    async def fitting(self, undo: Undo, entities: Sequence[R]) -> Sequence[R]:
        """Returns those of the objects for which their containers have room."""
        return entities

    async def spare(self, undo: Undo, entities: Sequence[R]) -> Sequence[R]:
        """Returns those of the objects that their containers do not need."""
        return entities

    async def moved(self, undo: Undo, entities: Sequence[R]) -> None:
        """Changes what depends on objects that have come back, or have been deleted."""

    async def containers(self, undo: Undo, entities: Iterable[R]) -> Mapping[str, Any]:
        """Containers of the objects, by ID. Their locks make deletions and returns of such objects take turns."""
        ids = {self.container_of(entity) for entity in entities}
        found = await self.replacement.containers(undo.uow).find(undo.actor, ids, for_update=True)
        return found.by_id

    def _named(self, undo: Undo) -> NamedRepository[R]:
        found: NamedRepository[R] = self.repository(undo.uow)
        return found

    def container_of(self, entity: R) -> str:
        found: str = getattr(entity, self.replacement.container_id)
        return found

    def _before(self, net: NetChange, kept: DeletedObject) -> R:
        """The object as it was before the first event of the change set."""
        values = {name: restored(self.entity, net, name) for name in self.restorable(net)}
        return with_values(kept.restored(self.entity), **values)

    def _returning(self, undo: Undo, entity: R | None, containers: Mapping[str, Any], names: Names) -> R:
        """The object that comes back; raises Conflict if there is no place for it."""
        if entity is None:
            raise NotRestored(f"This {self.entity.noun} can no longer be brought back.")
        container_id = self.container_of(entity)
        if container_id not in containers:
            container = self.replacement.container_id.removesuffix("_id")
            raise NotRestored(f"The {container} of this {entity.noun} no longer exists, or is not visible to you.")
        self.replacement.check_container(containers[container_id], PATH)
        if (container_id, entity.name) in names:
            raise self._taken(entity)
        return with_values(entity, updated_at=undo.uow.now)

    def _taken(self, entity: R) -> NotRestored:
        message = f"Another {entity.noun} has the name of this one meanwhile. Rename it, and undo again."
        return NotRestored(message, ["name"], code=ErrorCode.ALREADY_EXISTS)

    def _check_removable(self, entity: R, containers: Mapping[str, Any], used: Collection[str]) -> None:
        container = containers.get(self.container_of(entity))
        if container is not None:
            self.replacement.check_container(container, PATH)
        if entity.id in used:
            message = f"This {entity.noun} is in use. Take it from the objects that use it first."
            raise Conflict(message, path=PATH, code=ErrorCode.IN_USE)

    async def _names(self, undo: Undo, names: Sequence[str]) -> Names:
        if not names:
            return {}
        named = await self._named(undo).named(undo.workspace_id, names)
        return {(self.container_of(entity), entity.name): entity.id for entity in named}

    async def _return(self, undo: Undo, entities: Sequence[R]) -> None:
        created, entities = self.created, await self.fitting(undo, entities)
        assert created is not None
        if not entities:
            return
        await self._named(undo).add_all(entities)
        await undo.uow.deleted_objects.forget(undo.workspace_id, [entity.id for entity in entities])
        for entity in entities:
            undo.record(entity, [created.between(None, entity)])
        await self.moved(undo, entities)

    async def _remove(self, undo: Undo, entities: Sequence[R]) -> None:
        if not entities:
            return
        await self._named(undo).remove_all(entities)
        await undo.uow.deleted_objects.keep_all([DeletedObject.of(entity, kind=self.kind) for entity in entities])
        for entity in entities:
            undo.record(None, [self.replacement.deleted.between(entity, None)])
        await self.moved(undo, entities)
