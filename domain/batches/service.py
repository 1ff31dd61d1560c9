from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from domain.batches.jobs import RunBatch
from domain.batches.policies import may_see
from domain.shared.actor import Actor, Scope
from domain.shared.batches import BatchKind, BatchRun, BatchState, BatchUow, BatchWork
from domain.shared.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Rejected
from domain.shared.uow import OpenUow, Written


class BatchService:
    """Runs batch runs as jobs. The position in the run's row is the checkpoint."""

    def __init__(self, uow: OpenUow[BatchUow], works: Mapping[BatchKind, BatchWork]) -> None:
        self._uow = uow
        self._works = works

    async def run(self, actor: Actor, job: RunBatch) -> None:
        """Runs the batches; raises Unavailable without the database, LeaseLost when another worker has taken over."""
        try:
            async with self._uow(actor) as uow:
                run = await uow.batch_runs.get(actor, job.run_id)
        except NotFound:
            return
        continuing = actor.continuing(started_by_id=run.started_by_id, change_set=run.change_set)
        acting = replace(continuing, cause=self._works[run.kind].cause)
        try:
            while await self._step(acting, run.id):
                continue
        except (NotFound, InvalidInput, PermissionDenied, Rejected) as error:
            await self._fail(acting, run.id, str(error))

    async def cancel(self, actor: Actor, run_id: str) -> Written[BatchRun]:
        """Stops a run before its next batch. Rows that were changed stay changed."""
        async with self._uow(actor) as uow:
            run = await uow.batch_runs.get(actor, run_id, for_update=True)
            actor.require_scope(Scope.WRITE)
            if not may_see(actor, run):
                raise PermissionDenied("Your role does not allow you to cancel batch runs of other users.")
            if run.is_over:
                raise Conflict("This batch run has already ended.", path=("id",))
            now = uow.now
            canceled = run.ended(BatchState.CANCELED, now=now)
            await uow.batch_runs.save(run, canceled)
            await self._works[run.kind].release(actor, uow, run, now=now)
            return await uow.commit(canceled)

    async def _step(self, actor: Actor, run_id: str) -> bool:
        """One batch; returns whether more is left."""
        async with self._uow(actor) as uow:
            run = await uow.batch_runs.get(actor, run_id, for_update=True)
            if run.is_over:
                return False
            work, now = self._works[run.kind], uow.now
            ids = await uow.batch_runs.rows(run)
            if ids:
                worked = await work.change(actor, uow, run, ids, now=now)
                await uow.batch_runs.add_skips(run, worked.skips)
                after = run.advanced(len(ids), worked, now=now)
            elif missed := await work.fix(uow, run):
                # Also after the last batch: a write that began before the run may have added rows.
                after = run.fixed(missed, now=now)
            else:
                await work.finish(actor, uow, run, now=now)
                after = run.ended(BatchState.DONE, now=now)
            await uow.batch_runs.save(run, after)
            if not after.is_over:
                uow.checkpoint({"position": after.position}, progress=after.progress)
            await uow.commit(None)
            return not after.is_over

    async def _fail(self, actor: Actor, run_id: str, failure: str) -> None:
        async with self._uow(actor) as uow:
            run = await uow.batch_runs.get(actor, run_id, for_update=True)
            now = uow.now
            await uow.batch_runs.save(run, run.ended(BatchState.FAILED, now=now, failure=failure))
            # An object that was deleted meanwhile, which may be why the run fails, needs no release.
            with suppress(NotFound):
                await self._works[run.kind].release(actor, uow, run, now=now)
            await uow.commit(None)
