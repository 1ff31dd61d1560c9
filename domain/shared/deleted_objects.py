"""Deleted objects that histories still name, and that can be brought back under their ID."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, TypeVar, get_type_hints

from domain.shared.events import Plain, from_plain, plain

E = TypeVar("E")

_KEY = ("workspace_id", "id")
_OF_DELETION = ("deleting_since", "replaced_by_id")  # a run that deletes an object sets them first


class Deletable(Protocol):
    """An entity that leaves a row when it is deleted."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedObject:
    """A deleted object with its fields as the log writes them; `kind` is its kind as event types name it."""

    workspace_id: str
    id: str
    kind: str
    name: str
    area_id: str | None
    fields: Mapping[str, Plain]

    @classmethod
    def of(cls, entity: Deletable, *, kind: str) -> Self:
        names = [field.name for field in fields(entity) if field.name not in _KEY + _OF_DELETION]  # type: ignore[arg-type]  # every entity is a dataclass
        return cls(
            workspace_id=entity.workspace_id,
            id=entity.id,
            kind=kind,
            name=entity.name,
            area_id=getattr(entity, "area_id", None),
            fields={name: plain(getattr(entity, name)) for name in names},
        )

    def restored(self, entity: Callable[..., E]) -> E:
        """The object as it was before its deletion, for its class of entities."""
        hints = get_type_hints(entity)
        values: dict[str, Any] = {name: from_plain(hints[name], value) for name, value in self.fields.items()}
        return entity(workspace_id=self.workspace_id, id=self.id, **values)


class DeletedObjects(Protocol):
    async def keep(self, deleted: DeletedObject) -> None:
        """Stores the object, which is deleted in this transaction."""
        ...

    async def keep_all(self, deleted: Sequence[DeletedObject]) -> None:
        """Stores several objects, which are deleted in this transaction."""
        ...

    async def by_ids(self, workspace_id: str, ids: Collection[str]) -> Sequence[DeletedObject]:
        """The deleted objects with these IDs, in ID order."""
        ...

    async def forget(self, workspace_id: str, ids: Collection[str]) -> None:
        """Removes the rows of objects that are brought back in this transaction."""
        ...
