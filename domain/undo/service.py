from collections.abc import Sequence
from dataclasses import replace

from domain.audit.change_set_service import ChangeSetService
from domain.audit.change_sets import ChangeSet
from domain.audit.errors import RevisionGone
from domain.audit.events import ChangeSetUndone
from domain.shared.actor import Actor, Cause
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.errors import Conflict, NotFound
from domain.shared.events import FieldChange
from domain.shared.many import BatchCommand, BatchResult, in_time
from domain.shared.stored_commands import stored
from domain.shared.undoing import PATH, Undo
from domain.shared.uow import OpenUow, Written
from domain.undo.commands import ChangeSetUndo, OnConflict
from domain.undo.model import UndoResult
from domain.undo.ports import UndoUow
from domain.undo.steps import require_undoable, result_of, undo_all, undo_of
from domain.undo.work import CHANGE_SET_UNDO, LargeUndo, places_of


class UndoService:
    """Undoes change sets: restores what they changed, unless later changes touched it."""

    def __init__(self, uow: OpenUow[UndoUow], change_sets: ChangeSetService) -> None:
        self._uow = uow
        self._change_sets = change_sets

    async def undo(self, actor: Actor, command: ChangeSetUndo) -> Written[UndoResult]:
        """Undoes a change set, by a change set that can itself be undone.

        With OnConflict.REFUSE, one conflict keeps everything from being changed. More than 1,000 events are undone by a
        batch run, which skips conflicts that arise after its start.
        """
        async with in_time(BatchCommand(dry_run=command.dry_run)):
            done = await self._undo_at_once(actor, command)
            return await self._undo_by_run(actor, command, done) if isinstance(done, ChangeSet) else done

    async def _undo_at_once(self, actor: Actor, command: ChangeSetUndo) -> Written[UndoResult] | ChangeSet:
        """The result of the undo, or the change set if it is large and nothing has been undone."""
        async with self._uow(replace(actor, cause=Cause.UNDO)) as uow:
            change_set = await self._undoable(actor, uow, command)
            if (change_set.event_count or 0) > MOST_AT_ONCE:
                return change_set
            result = await self._at_once(actor, uow, command, change_set)
            if result.errors:
                # Leaving the Unit of Work without a commit takes back what was restored before the conflict was found.
                return Written(value=result, revision=None)
            if command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def _undo_by_run(self, actor: Actor, command: ChangeSetUndo, large: ChangeSet) -> Written[UndoResult]:
        """Starts the run, unless conflicts are to be refused and some are found before."""
        # Outside the second Unit of Work: requests that have a connection and wait for another could all wait forever.
        found = await self._conflicts(actor, large)
        async with self._uow(replace(actor, cause=Cause.UNDO)) as uow:
            change_set = await self._undoable(actor, uow, command)
            result = await self._many(uow, command, change_set, found)
            if result.errors:
                return Written(value=result, revision=None)
            if command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def _undoable(self, actor: Actor, uow: UndoUow, command: ChangeSetUndo) -> ChangeSet:
        """The change set; raises an error if the actor cannot undo it, whatever has changed since."""
        workspace = await uow.workspaces.get(actor, command.workspace_id, path=("workspace_id",))
        try:
            [change_set] = await self._change_sets.of_workspaces(actor, [workspace], revision=command.change_set)
        except RevisionGone as error:
            error.path = PATH
            raise
        if change_set is None:
            raise NotFound("This change set does not exist or is not visible to you.", path=PATH)
        require_undoable(actor, change_set)
        return change_set

    async def _at_once(self, actor: Actor, uow: UndoUow, command: ChangeSetUndo, change_set: ChangeSet) -> UndoResult:
        undo = await self._undone(actor, uow, change_set, None)
        result = result_of(undo, command.on_conflict)
        if result.changed_count:
            skipped = result.skipped_count or 0
            uow.record(ChangeSetUndone.of(command.workspace_id, command.change_set, skipped_count=skipped))
        return result

    async def _many(self, uow: UndoUow, command: ChangeSetUndo, change_set: ChangeSet, found: UndoResult) -> UndoResult:
        """The started run, or the conflicts, if these are to be refused and some were found before."""
        places = places_of(change_set.types, uow.undo_kinds)
        if command.on_conflict is OnConflict.REFUSE and found.errors:
            return found
        if command.dry_run:
            total = await uow.undo_store.count(command.workspace_id, command.change_set, places)
            skipped = found.skipped_count or 0
            return BatchResult(changed_count=total - skipped, skipped_count=skipped)
        if await uow.batch_runs.unfinished(command.workspace_id, CHANGE_SET_UNDO):
            raise Conflict("Another large change set is being undone. Wait until its job ends.", path=PATH)
        options = LargeUndo(change_set=command.change_set, types=tuple(sorted(change_set.types)))
        run = await uow.begin_selected_batch(
            CHANGE_SET_UNDO,
            workspace_id=command.workspace_id,
            options=stored(options),
            select=lambda run: uow.undo_store.select(run, command.change_set, places),
            logged={"change_set": FieldChange(after=command.change_set)},
        )
        return BatchResult(batch_run_id=run.id)

    async def _conflicts(self, actor: Actor, change_set: ChangeSet) -> UndoResult:
        """Conflicts of deleted objects and of objects that were changed later, found by a trial in a transaction."""
        async with self._uow(replace(actor, cause=Cause.UNDO, idempotency=None)) as uow:
            deleted = [kind.deleted.type for kind in uow.undo_kinds if kind.deleted is not None]
            ids = await uow.undo_store.touched(change_set.workspace_id, change_set.revision, deleted, most=MOST_AT_ONCE)
            return result_of(await self._undone(actor, uow, change_set, ids), OnConflict.REFUSE)

    async def _undone(
        self, actor: Actor, uow: UndoUow, change_set: ChangeSet, subject_ids: Sequence[str] | None
    ) -> Undo:
        """The undo of the change set, or of some of its objects, with its results."""
        workspace_id, revision = change_set.workspace_id, change_set.revision
        events = await uow.undo_store.events(workspace_id, revision, subject_ids=subject_ids)
        undo = undo_of(actor, uow, workspace_id, events, types=change_set.types)
        await undo_all(undo, uow.undo_kinds, change_set=revision)
        return undo
