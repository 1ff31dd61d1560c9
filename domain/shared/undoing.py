"""Undo of change sets: a slice enters one `UndoKind` for each kind of object in `undo_kinds` of its slice.py."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, Protocol, TypeVar, cast, get_type_hints

from domain.shared.actor import Actor
from domain.shared.conflicts import ConflictOfFields, FieldConflict
from domain.shared.entities import rechecked
from domain.shared.errors import DomainError, ErrorCode, NotFound, PermissionDenied, Rejected
from domain.shared.events import Event, FieldChange, Plain, from_plain, plain
from domain.shared.net_changes import NetChange, total
from domain.shared.repositories import noun_of

PATH = ("change_set",)
OF_DELETIONS = frozenset(("deleting_since", "replaced_by_id"))
"""Fields that a run which deletes an object sets. They are never restored."""


class Undoable(Protocol):
    """An entity whose changes can be undone."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...


E = TypeVar("E", bound=Undoable)


class NotRestored(ConflictOfFields):
    """Fields of an object that an undo leaves as they are."""

    def __init__(
        self,
        message: str,
        fields: Iterable[str] = (),
        *,
        code: Any = ErrorCode.CONFLICT,
        named: Mapping[str, str] | None = None,
        conflicts: tuple[FieldConflict, ...] = (),
    ) -> None:
        super().__init__(message, path=PATH, code=code)
        self.named = {**self.named, **(named or {})}
        self.fields = tuple(fields)
        self.conflicts = conflicts

    @classmethod
    def because_of(cls, error: DomainError) -> DomainError:
        """The error of a restored object as a conflict of its undo; missing permissions stay what they are."""
        if isinstance(error, PermissionDenied):
            error.path = PATH
        if isinstance(error, PermissionDenied | NotRestored):
            return error
        fields = [name for name in error.path[-1:] if name not in PATH]
        code = ErrorCode.CONFLICT if isinstance(error, NotFound) else error.failure
        return cls(error.template, fields, code=code, named=error.named)


@dataclass(slots=True, kw_only=True)
class Undone:
    """Result of the undo for one object: the changes that it made, and errors for what it cannot restore."""

    net: NetChange
    entity: Any = None
    changes: dict[str, FieldChange] = field(default_factory=dict)
    errors: list[DomainError] = field(default_factory=list)
    touched: dict[str, Plain] = field(default_factory=dict)
    """Fields that were changed later, with their stored values."""
    links: Mapping[Any, Any] = field(default_factory=dict)
    """Links of the object to restore, for its kind."""

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the object; an error that is raised inside does not keep the rest from being restored."""
        try:
            yield
        except DomainError as error:
            self.refuse(error)
        except Rejected as rejected:
            for each in rejected.errors:
                self.refuse(each)

    def refuse(self, error: DomainError) -> None:
        """Notes why something is not restored; rules that the restored object breaks become conflicts."""
        self.errors.append(NotRestored.because_of(error))


class Undo:
    """The undo of a change set, or of some of its objects, in one Unit of Work."""

    def __init__(
        self, actor: Actor, uow: Any, workspace_id: str, nets: Iterable[NetChange], *, types: frozenset[str]
    ) -> None:
        """`types` are the types of all events of the change set."""
        self.actor = actor
        self.uow = uow
        self.workspace_id = workspace_id
        self.types = types
        self.rows = {net.subject_id: Undone(net=net) for net in nets}

    @contextmanager
    def row(self, net: NetChange) -> Iterator[Undone]:
        """The result of the object. Errors that are raised inside are its errors."""
        row = self.rows[net.subject_id]
        with row.part():
            yield row

    def record(self, entity: Any, events: Sequence[Event]) -> None:
        """Records the events of a changed object, and adds them to its result."""
        for event in events:
            self.uow.record(event)
        # The undo of one object can move others, such as workflow states that get another position.
        row = self.rows.get(events[0].subject_id)
        if row is not None:
            row.entity = entity
            row.changes = total([row.changes, *(event.changes for event in events)])


@cache
def hints_of(entity: Any) -> Mapping[str, Any]:
    """Types of the entity's fields, with all names resolved."""
    return get_type_hints(entity)


def restored(entity: type[Any], net: NetChange, name: str) -> Any:
    """The value of a field before the change set, as the entity has it."""
    return from_plain(hints_of(cast("Hashable", entity))[name], net.fields[name].before)


@dataclass(frozen=True, kw_only=True)
class UndoKind(Generic[E]):
    """Undoes changes of one kind of object.

    `withdraw` is what the undo of a creation does with the object: archive it, move it to the trash, or the like.
    """

    entity: type[E]
    repository: Callable[[Any], Any]
    """Finds the repository of the kind in a Unit of Work."""
    updated: type[Event]
    created: type[Event] | None = None
    """Event of a creation; None for kinds whose creation cannot be undone."""
    deleted: type[Event] | None = None
    """Event of a deletion that can be undone."""
    withdraw: Callable[..., E] | None = None
    follows: Mapping[str, str] = field(default_factory=dict)
    """Fields that are restored if and only if another field is, by field: such as `completed_at` with `state_id`."""

    @property
    def kind(self) -> str:
        """The kind of object, as event types name it."""
        return self.updated.type.partition(".")[0]

    def is_creation(self, net: NetChange) -> bool:
        return self.created is not None and net.first == self.created.type

    def is_deletion(self, net: NetChange) -> bool:
        return self.deleted is not None and net.last == self.deleted.type

    def check(self, undo: Undo, entity: E, net: NetChange) -> None:
        """Raises an error for an object that takes no changes, or that the actor may not change so."""

    def events(self, before: E, after: E, links: Mapping[str, FieldChange]) -> Sequence[Event]:
        """The events of a restored object."""
        return [self.updated.between(before, after, **links)]

    async def bring_back(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        """Brings deleted objects back."""

    async def revert(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        """Restores the fields of changed objects."""
        found = await self.locked(undo, nets)
        known = await self.load(undo, nets, found)
        changes = []
        for net in nets:
            with undo.row(net) as row:
                entity = found.get(net.subject_id)
                if entity is None:
                    raise NotRestored(f"This {noun_of(self.entity)} no longer exists, or is not visible to you.")
                self.check(undo, entity, net)
                after = self.reverted(undo, row, entity, known)
                if after != entity:
                    changes.append((entity, after))
        await self.save(undo, changes)

    async def take_back(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        """Withdraws created objects that were not changed later."""
        assert self.withdraw is not None
        found = await self.locked(undo, nets)
        known = await self.load_created(undo, nets, found)
        changes = []
        for net in nets:
            entity = found.get(net.subject_id)
            if entity is None:
                continue
            with undo.row(net) as row:
                after = self.withdraw(entity, now=undo.uow.now)
                if after != entity and self.is_as_created(row, entity, known):
                    self.check(undo, entity, net)
                    changes.append((entity, after))
        await self.save(undo, changes)

    async def load(self, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, E]) -> Any:
        """Reads what the fields to restore refer to, for all objects at once."""

    async def load_created(self, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, E]) -> Any:
        """Reads what `is_as_created` compares beside the fields of the objects."""

    def reverted(self, undo: Undo, row: Undone, entity: E, known: Any) -> E:
        """The object with its restored fields; raises an error if they break a rule."""
        after: E = rechecked(entity, now=undo.uow.now, **self.wanted(row, entity))
        return after

    def wanted(self, row: Undone, entity: E) -> dict[str, Any]:
        """Fields to restore with their values; notes those that were changed later."""
        wanted, fields = {}, row.net.fields
        followers = {name for name, leader in self.follows.items() if name in fields and leader in fields}
        for name in self.restorable(row.net):
            if name in followers:
                continue
            stored = plain(getattr(entity, name))
            if stored == fields[name].after:
                wanted[name] = restored(self.entity, row.net, name)
            elif stored != fields[name].before:
                row.touched[name] = stored
        restoring = [name for name in followers if self.follows[name] in wanted]
        return wanted | {name: restored(self.entity, row.net, name) for name in restoring}

    def restorable(self, net: NetChange) -> Collection[str]:
        """Fields of the change that are restored one by one."""
        return [name for name in net.fields if name in self.updated.logged and name not in OF_DELETIONS]

    def is_as_created(self, row: Undone, entity: E, known: Any) -> bool:
        """Whether the object still has the fields of its creation; notes those that were changed later."""
        for name in self.fixed_at_creation():
            stored = plain(getattr(entity, name))
            if stored != row.net.after(name):
                row.touched[name] = stored
        return not row.touched

    def fixed_at_creation(self) -> Collection[str]:
        """Fields whose later change keeps a created object from being taken back."""
        return [name for name in self.updated.logged if name not in OF_DELETIONS]

    async def locked(self, undo: Undo, nets: Sequence[NetChange]) -> Mapping[str, E]:
        """The objects that the actor sees, by ID, locked in ID order."""
        ids = [net.subject_id for net in nets]
        found: Mapping[str, E] = (await self.repository(undo.uow).find(undo.actor, ids, for_update=True)).by_id
        return found

    async def save(self, undo: Undo, changes: Sequence[tuple[E, E]]) -> None:
        if changes:
            await self.repository(undo.uow).save_all(changes)
        for before, after in changes:
            undo.record(after, self.events(before, after, {}))
