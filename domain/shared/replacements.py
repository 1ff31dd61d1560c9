"""Deletion of entities to which others refer, and which another entity of their kind can replace there.

A replacement of more than 1,000 references is a batch run. Until it ends, the entity is being deleted and takes no
further references.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from domain.shared.actor import Actor, Permission
from domain.shared.batches import MOST_AT_ONCE, BatchKind, BatchRun, BatchUow, BatchWork, Deletion, Worked
from domain.shared.deleted_objects import DeletedObject
from domain.shared.entities import revised
from domain.shared.errors import Conflict, ErrorCode, InvalidInput
from domain.shared.events import Event, FieldChange
from domain.shared.repositories import Repository


class Replaceable(Protocol):
    """An entity that another one of its kind can replace.

    `replaced_by_id` is the entity that a batch run puts in its place; null if the run only removes the references.
    """

    noun: ClassVar[str]

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def deleting_since(self) -> datetime | None: ...
    @property
    def replaced_by_id(self) -> str | None: ...


R = TypeVar("R", bound=Replaceable)
R_contra = TypeVar("R_contra", bound=Replaceable, contravariant=True)


def check_usable(entity: Replaceable, path: tuple[str, ...]) -> None:
    """Raises Conflict for an entity that a batch run is deleting."""
    if entity.replaced_by_id is not None:
        raise Conflict(f"This {entity.noun} is being replaced by another one. Use that one.", path=path)
    if entity.deleting_since is not None:
        raise Conflict(f"This {entity.noun} is being deleted. Use another one.", path=path)


def usable(entity: R, by_id: Mapping[str, R]) -> R | None:
    """The entity, or the one that is replacing it; None if it is being deleted without a replacement."""
    return None if entity.deleting_since is not None and entity.replaced_by_id is None else in_use(entity, by_id)


def in_use(entity: R, by_id: Mapping[str, R]) -> R:
    """The entity, or the one that is replacing it, for kinds that are never deleted without a replacement."""
    # The replacement is not being replaced itself, which `Replacement.delete` refuses.
    return entity if entity.replaced_by_id is None else by_id[entity.replaced_by_id]


class References(Protocol[R_contra]):
    """Objects of a later slice that refer to an entity of an earlier one."""

    async def ids(self, entity: R_contra, *, most: int) -> Sequence[str]:
        """Ids of at most that many objects that refer to the entity."""
        ...

    async def used(self, workspace_id: str, ids: Collection[str]) -> frozenset[str]:
        """Returns those of the entities to which an object refers, or which are replacing another one of their kind."""
        ...

    async def fix(self, run: BatchRun) -> int:
        """Stores the ids of the objects that refer to the run's subject, as its rows, and returns their number."""
        ...

    async def replace(
        self, ids: Sequence[str], entity: R_contra, target: R_contra | None, *, now: datetime
    ) -> Sequence[Event]:
        """Makes those of the objects that refer to the entity refer to the target, or to none, in its place.

        Returns the events of the changed objects, which the caller records.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Replacement(BatchWork, Generic[R]):
    """Deletes entities of one kind; the work of their batch runs.

    `container_id` is the field with the object in which a replacement must be. `repository`, `containers` and
    `references` find their part of a Unit of Work.
    """

    kind: BatchKind
    permission: Permission
    repository: Callable[[Any], Repository[R]]
    containers: Callable[[Any], Repository[Any]]
    container_id: str
    references: Callable[[Any], References[R]]
    updated: type[Event]
    deleted: type[Event]
    check_container: Callable[[Any, tuple[str, ...]], None] = lambda container, path: None
    """Raises Conflict for a container that is being deleted itself."""
    is_optional: bool = False
    """Whether objects can be without such an entity, so that a deletion without replacement removes it from them."""

    async def delete(self, actor: Actor, uow: BatchUow, entity_id: str, *, replace_with: str | None) -> Deletion:
        """Deletes the entity, or begins the batch run that does so if more than 1,000 objects refer to it."""
        entity, container = await self._locked(actor, uow, entity_id)
        self.check_container(container, ("id",))
        check_usable(entity, ("id",))
        if await uow.batch_runs.have_target(entity.workspace_id, entity.id):
            message = f"This {entity.noun} is replacing another one. Delete it when that is done."
            raise Conflict(message, path=("id",), code=ErrorCode.IN_USE)
        await self.check(uow, entity, container)
        now = uow.now
        target = await self._target(actor, uow, entity, replace_with) if replace_with is not None else None
        events: Sequence[Event] = ()
        if target is not None or self.is_optional:
            ids = await self.references(uow).ids(entity, most=MOST_AT_ONCE + 1)
            if len(ids) > MOST_AT_ONCE:
                return await self._begin(uow, entity, target, now=now)
            events = await self._replace(uow, ids, entity, target, now=now)
        await self._remove(uow, entity, target, container, now=now)
        return Deletion(id=entity.id, detached_count=len(events))

    async def check(self, uow: Any, entity: R, container: Any) -> None:
        """Raises Conflict if the container needs the entity."""

    async def removed(self, uow: Any, entity: R, container: Any, *, now: datetime) -> None:
        """Changes what depends on the deleted entity in its container."""

    async def fix(self, uow: BatchUow, run: BatchRun) -> int:
        return await self.references(uow).fix(run)

    async def change(self, actor: Actor, uow: BatchUow, run: BatchRun, ids: Sequence[str], *, now: datetime) -> Worked:
        entity = await self.repository(uow).get(actor, run.subject_id)
        events = await self._replace(uow, ids, entity, await self._target_of(actor, uow, run), now=now)
        return Worked(changed_count=len(events))

    async def finish(self, actor: Actor, uow: BatchUow, run: BatchRun, *, now: datetime) -> None:
        entity, container = await self._locked(actor, uow, run.subject_id)
        await self._remove(uow, entity, await self._target_of(actor, uow, run), container, now=now)

    async def release(self, actor: Actor, uow: BatchUow, run: BatchRun, *, now: datetime) -> None:
        entity = await self.repository(uow).get(actor, run.subject_id, for_update=True)
        await self._save(uow, entity, revised(entity, now=now, deleting_since=None, replaced_by_id=None))

    async def _locked(self, actor: Actor, uow: BatchUow, entity_id: str) -> tuple[R, Any]:
        """The entity and its container, both locked."""
        entity = await self.repository(uow).get(actor, entity_id)
        actor.require(self.permission, entity.workspace_id)
        # The container's lock serializes deletions, so that two entities cannot replace each other at once.
        container = await self.containers(uow).get(actor, getattr(entity, self.container_id), for_update=True)
        # Read again: another deletion may have replaced or deleted the entity before the container was locked.
        return await self.repository(uow).get(actor, entity_id, for_update=True), container

    async def _target(self, actor: Actor, uow: BatchUow, entity: R, target_id: str) -> R:
        target = await self.repository(uow).get(actor, target_id, path=("replace_with",))
        here, there = (getattr(each, self.container_id) for each in (entity, target))
        if here != there or target.id == entity.id:
            container = self.container_id.removesuffix("_id")
            message = f"{{field}} must be another {entity.noun} of the same {container}."
            raise InvalidInput(message, path=("replace_with",))
        check_usable(target, ("replace_with",))
        return target

    async def _target_of(self, actor: Actor, uow: BatchUow, run: BatchRun) -> R | None:
        return None if run.target_id is None else await self.repository(uow).get(actor, run.target_id)

    async def _begin(self, uow: BatchUow, entity: R, target: R | None, *, now: datetime) -> Deletion:
        target_id = None if target is None else target.id
        await self._save(uow, entity, revised(entity, now=now, deleting_since=now, replaced_by_id=target_id))
        run_id = uow.begin_batch(self.kind, workspace_id=entity.workspace_id, subject_id=entity.id, target_id=target_id)
        return Deletion(batch_run_id=run_id)

    async def _replace(
        self, uow: BatchUow, ids: Sequence[str], entity: R, target: R | None, *, now: datetime
    ) -> Sequence[Event]:
        events = await self.references(uow).replace(ids, entity, target, now=now)
        for event in events:
            uow.record(event)
        return events

    async def _remove(self, uow: BatchUow, entity: R, target: R | None, container: Any, *, now: datetime) -> None:
        further = {} if target is None else {"replaced_by": FieldChange(after=target.id)}
        await self.repository(uow).remove(entity)
        kind = self.deleted.type.partition(".")[0]
        await uow.deleted_objects.keep(DeletedObject.of(entity, kind=kind))
        uow.record(self.deleted.between(entity, None, **further))
        await self.removed(uow, entity, container, now=now)

    async def _save(self, uow: BatchUow, before: R, after: R) -> None:
        await self.repository(uow).save(before, after)
        uow.record(self.updated.between(before, after))
