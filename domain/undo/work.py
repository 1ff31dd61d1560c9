"""Undo of large change sets by a batch run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.audit.events import ChangeSetUndone
from domain.shared.actor import Actor, Cause, Role
from domain.shared.batches import BatchKind, BatchRun, BatchSkip, BatchWork, Worked
from domain.shared.errors import PermissionDenied
from domain.shared.stored_commands import read_command
from domain.undo.ports import UndoUow
from domain.undo.steps import Kinds, undo_all, undo_of

CHANGE_SET_UNDO = BatchKind("CHANGE_SET_UNDO")

FIRST_CHANGE, LAST_CREATION = 100, 300
"""Places of changed objects, after those of deleted ones, and of created objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeUndo:
    """The change set that a run undoes, and the types of its events."""

    change_set: int
    types: tuple[str, ...]


def places_of(types: Iterable[str], kinds: Kinds) -> Mapping[str, int]:
    """The order of the objects by type of their events: deleted ones, changed ones, then created ones in reverse."""
    places = {}
    for number, kind in enumerate(kinds):
        for type_ in types:
            if kind.created is not None and type_ == kind.created.type:
                places[type_] = LAST_CREATION - number
            elif kind.deleted is not None and type_ == kind.deleted.type:
                places[type_] = number
            elif type_.partition(".")[0] == kind.kind:
                places[type_] = FIRST_CHANGE + number
    return places


class ChangeSetUndoing(BatchWork):
    """Undoes the changes of 500 objects in each batch. Its rows are selected when the run is started."""

    cause: ClassVar[Cause] = Cause.UNDO

    async def fix(self, uow: UndoUow, run: BatchRun) -> int:
        return 0

    async def change(self, actor: Actor, uow: UndoUow, run: BatchRun, ids: Sequence[str], *, now: datetime) -> Worked:
        options = read_command(LargeUndo, await uow.batch_runs.options(run))
        events = await uow.undo_store.events(run.workspace_id, options.change_set, subject_ids=ids)
        acting = await self._acting(uow, actor, run)
        undo = undo_of(acting, uow, run.workspace_id, events, types=options.types)
        await undo_all(undo, uow.undo_kinds, change_set=options.change_set)
        indexes = {subject_id: index for index, subject_id in enumerate(ids, run.done)}
        skips = [
            BatchSkip(index=indexes[subject_id], subject_id=subject_id, errors=tuple(row.errors))
            for subject_id, row in undo.rows.items()
            if row.errors
        ]
        return Worked(changed_count=sum(bool(row.changes) for row in undo.rows.values()), skips=skips)

    async def _acting(self, uow: UndoUow, actor: Actor, run: BatchRun) -> Actor:
        """The actor with the present role of the user who started the run; raises PermissionDenied without it."""
        if run.started_by_id is None:
            return actor
        member = await uow.members.of_user(run.workspace_id, run.started_by_id)
        # Guests write comments only, of which no change set is so large.
        if member is None or member.role is Role.GUEST:
            raise PermissionDenied("The user who started the run is no longer a member who may undo the change set.")
        return replace(actor, is_system=False, roles={run.workspace_id: member.role})

    async def finish(self, actor: Actor, uow: UndoUow, run: BatchRun, *, now: datetime) -> None:
        options = read_command(LargeUndo, await uow.batch_runs.options(run))
        done = ChangeSetUndone.of(run.workspace_id, options.change_set, skipped_count=run.skipped_count)
        uow.record(done)

    async def release(self, actor: Actor, uow: UndoUow, run: BatchRun, *, now: datetime) -> None:
        """Does nothing: objects that were not undone keep their values."""
