"""The steps of an undo: deleted objects come back, then fields are restored, then created objects are taken back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.audit.change_sets import ChangeSet
from domain.audit.slice import UNDO_ANY
from domain.shared.actor import Actor
from domain.shared.conflicts import FieldConflict, listed
from domain.shared.errors import Conflict, InsufficientScope, PermissionDenied
from domain.shared.events import as_texts
from domain.shared.many import BatchResult, distinct_errors
from domain.shared.net_changes import NetChange, StoredEvent, net_changes
from domain.shared.undo import Obstacle
from domain.shared.undoing import PATH, NotRestored, Undo, UndoKind, Undone
from domain.undo.commands import OnConflict
from domain.undo.model import UndoneObject, UndoResult
from domain.undo.ports import LastChange, UndoUow

Kinds = Sequence[UndoKind[Any]]

FOR_ADMINS = frozenset((Obstacle.NOT_YOUR_OWN, Obstacle.TOO_OLD))
"""Obstacles that admins do not have."""
OF_ACTORS = FOR_ADMINS | {Obstacle.PERMISSION_DENIED}
"""Obstacles that other actors do not have."""


def require_undoable(actor: Actor, change_set: ChangeSet) -> None:
    """Raises an error if there is an obstacle to an undo of the change set by the actor."""
    mine = [obstacle for obstacle in change_set.reasons if obstacle in OF_ACTORS]
    if set(mine) & FOR_ADMINS and actor.may(UNDO_ANY, change_set.workspace_id):
        raise InsufficientScope(UNDO_ANY.scope.value.lower())
    if mine:
        raise PermissionDenied(mine[0].message, path=PATH)
    if change_set.reasons:
        raise Conflict(change_set.reasons[0].message, path=PATH)


def undo_of(
    actor: Actor, uow: UndoUow, workspace_id: str, events: Iterable[StoredEvent], *, types: Iterable[str]
) -> Undo:
    """The undo of these events; `types` are those of all events of the change set."""
    # Other events, such as that of the start of a job, have the workspace as their subject and change nothing of it.
    kinds = {kind.kind for kind in uow.undo_kinds}
    nets = net_changes(event for event in events if event.kind in kinds)
    return Undo(actor, uow, workspace_id, nets, types=frozenset(types))


async def undo_all(undo: Undo, kinds: Kinds, *, change_set: int) -> None:
    """Undoes the changes of all objects of the undo; conflicts are errors of their objects.

    Raises NotRestored for what the database refuses, such as a name that another request takes at the same time.
    """
    try:
        await _undo_all(undo, kinds)
    except Conflict as error:
        raise NotRestored.because_of(error) from error
    await _explain(undo, change_set)


async def _undo_all(undo: Undo, kinds: Kinds) -> None:
    by_kind: dict[str, list[NetChange]] = {}
    for row in undo.rows.values():
        by_kind.setdefault(row.net.kind, []).append(row.net)
    present = [(kind, by_kind[kind.kind]) for kind in kinds if kind.kind in by_kind]
    for kind, nets in present:
        if gone := [net for net in nets if kind.is_deletion(net) and not kind.is_creation(net)]:
            await kind.bring_back(undo, gone)
    for kind, nets in present:
        if changed := [net for net in nets if not kind.is_deletion(net) and not kind.is_creation(net)]:
            await kind.revert(undo, changed)
    # Objects that refer to others are taken back before these.
    for kind, nets in reversed(present):
        if created := [net for net in nets if kind.is_creation(net) and not kind.is_deletion(net)]:
            await kind.take_back(undo, created)


async def _explain(undo: Undo, change_set: int) -> None:
    """Turns fields that were changed later into conflicts, with author and time of the last change."""
    touched = [row for row in undo.rows.values() if row.touched]
    if not touched:
        return
    ids = [row.net.subject_id for row in touched]
    fields = sorted({name for row in touched for name in row.touched})
    last = await undo.uow.undo_store.last_changes(undo.workspace_id, ids, fields, change_set=change_set)
    for row in touched:
        row.refuse(_conflict(row, last))


def _conflict(row: Undone, last: Mapping[tuple[str, str], LastChange]) -> NotRestored:
    fields = sorted(row.touched)
    names, named = listed(fields)
    conflicts = tuple(
        FieldConflict(
            field=name,
            base=as_texts(row.net.after(name)),
            current=as_texts(row.touched[name]),
            yours=as_texts(row.net.fields[name].before if name in row.net.fields else None),
            changed_by_id=found.actor_id,
            changed_at=found.occurred_at,
        )
        for name in fields
        if (found := last.get((row.net.subject_id, name))) is not None
    )
    was = "was" if len(fields) == 1 else "were"
    message = f"{names} {was} changed after this change set. Undo the later changes first, or skip conflicts."
    return NotRestored(message, fields, named=named, conflicts=conflicts)


def result_of(undo: Undo, on_conflict: OnConflict) -> UndoResult:
    """The results of the objects, in the order of their first events."""
    rows = list(undo.rows.values())
    is_refused = on_conflict is OnConflict.REFUSE and any(row.errors for row in rows)
    return BatchResult(
        rows=tuple(
            UndoneObject(
                index=index,
                subject_id=row.net.subject_id,
                changes={} if is_refused else row.changes,
                errors=tuple(row.errors),
            )
            for index, row in enumerate(rows)
        ),
        changed_count=0 if is_refused else sum(bool(row.changes) for row in rows),
        skipped_count=0 if is_refused else sum(bool(row.errors) for row in rows),
        errors=tuple(distinct_errors(tuple(row.errors) for row in rows)) if is_refused else (),
    )
