"""Counterparts in Workgraph of another tracker's objects, as recorded by earlier imports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from domain.shared.ids import IdFactory
from domain.transfers.identity_ports import ExternalObject, ObjectKind
from domain.transfers.ports import ImportUow

OBJECT_PREFIX = "ext"


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """Reference of a file to an object: the tracker's id never changes, the key may."""

    key: str
    id: str | None = None

    @property
    def external_id(self) -> str | None:
        return self.id


class Recorded(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def external_id(self) -> str | None: ...


R = TypeVar("R", bound=Recorded)


class Recognition(Generic[R]):
    """Finds recorded objects by id, or by key if the file or the record has no id.

    Matching by id recognizes renamed objects and keeps two objects with one key and two ids apart.
    """

    def __init__(self, recorded: Iterable[R] = ()) -> None:
        self._by_id: dict[str, R] = {}
        self._by_key: dict[str, list[R]] = {}
        for each in recorded:
            self.add(each)

    def add(self, recorded: R) -> None:
        if recorded.external_id is not None:
            self._by_id[recorded.external_id] = recorded
        self._by_key.setdefault(recorded.key, []).append(recorded)

    def remove(self, recorded: R) -> None:
        if recorded.external_id is not None:
            del self._by_id[recorded.external_id]
        self._by_key[recorded.key].remove(recorded)

    def get(self, ref: ExternalRef) -> R | None:
        if ref.id is not None and ref.id in self._by_id:
            return self._by_id[ref.id]
        alike = self._by_key.get(ref.key, ())
        return next((each for each in reversed(alike) if ref.id is None or each.external_id is None), None)


class Registry:
    """The projects, labels and states of one site, for one batch; `save`, called once, writes what has changed."""

    def __init__(self, uow: ImportUow, workspace_id: str, site_id: str, *, ids: IdFactory) -> None:
        self.site_id = site_id
        self._uow = uow
        self._workspace_id = workspace_id
        self._ids = ids
        self._known: dict[tuple[ObjectKind, str], Recognition[ExternalObject]] = {}
        self._new: dict[str, ExternalObject] = {}
        self._changed: dict[str, ExternalObject] = {}

    async def load(self, kind: ObjectKind, refs: Iterable[ExternalRef], *, scopes: Sequence[str] = ("",)) -> None:
        """Reads the records of these references; `scopes` are the projects of states and milestones."""
        named = frozenset(refs)
        if not named:
            return
        found = await self._uow.identities.objects(
            self._workspace_id,
            [self.site_id],
            kind,
            scopes=scopes,
            external_ids={ref.id for ref in named if ref.id is not None},
            keys={ref.key for ref in named},
        )
        for each in found:
            self._of(kind, each.scope).add(each)

    def get(self, kind: ObjectKind, ref: ExternalRef, *, scope: str = "") -> ExternalObject | None:
        return self._of(kind, scope).get(ref)

    def put(self, kind: ObjectKind, ref: ExternalRef, target_id: str, *, scope: str = "") -> ExternalObject:
        """Records the target of the object under its current key."""
        before = self.get(kind, ref, scope=scope)
        if before is not None:
            return self._replace(before, replace(self._renamed(before, ref), target_id=target_id))
        new = ExternalObject(
            id=self._ids.new_in(self._workspace_id, OBJECT_PREFIX),
            workspace_id=self._workspace_id,
            site_id=self.site_id,
            kind=kind,
            scope=scope,
            key=ref.key,
            external_id=ref.id,
            target_id=target_id,
        )
        return self._replace(None, new)

    def rename(self, recorded: ExternalObject, ref: ExternalRef) -> ExternalObject:
        """Records the new key of a renamed object."""
        return self._replace(recorded, self._renamed(recorded, ref))

    async def save(self) -> None:
        await self._uow.identities.keep_objects(new=list(self._new.values()), changed=list(self._changed.values()))

    def _renamed(self, recorded: ExternalObject, ref: ExternalRef) -> ExternalObject:
        return replace(recorded, key=ref.key, external_id=ref.id or recorded.external_id)

    def _replace(self, before: ExternalObject | None, after: ExternalObject) -> ExternalObject:
        if after != before:
            known = self._of(after.kind, after.scope)
            if before is not None:
                known.remove(before)
            known.add(after)
            is_new = before is None or after.id in self._new
            (self._new if is_new else self._changed)[after.id] = after
        return after

    def _of(self, kind: ObjectKind, scope: str) -> Recognition[ExternalObject]:
        return self._known.setdefault((kind, scope), Recognition())
