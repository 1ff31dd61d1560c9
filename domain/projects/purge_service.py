from dataclasses import replace

from domain.projects.jobs import RecordPurges
from domain.projects.ports import ProjectUow
from domain.shared.actor import Actor
from domain.shared.batches import BATCH_SIZE, BatchRun
from domain.shared.errors import NotFound
from domain.shared.jobs import Progress
from domain.shared.uow import OpenUow


class PurgeService:
    """Completes the log after a deletion of a project that has been canceled or has failed."""

    def __init__(self, uow: OpenUow[ProjectUow]) -> None:
        self._uow = uow

    async def run(self, actor: Actor, job: RecordPurges) -> None:
        """Records that the issues of the run's finished batches are deleted, one batch per Unit of Work."""
        try:
            async with self._uow(actor) as uow:
                run = await uow.batch_runs.get(actor, job.run_id)
        except NotFound:
            return
        acting = actor.continuing(started_by_id=run.started_by_id, change_set=run.change_set)
        position: int | None = actor.job.checkpoint.get("position", 0) if actor.job is not None else 0
        while position is not None:
            position = await self._record(acting, run, position)

    async def _record(self, actor: Actor, run: BatchRun, position: int) -> int | None:
        """Records one batch; returns the position of the next, None after the last."""
        async with self._uow(actor) as uow:
            ids = await uow.batch_runs.rows(replace(run, position=position))
            for event in await uow.issues.purges(run.workspace_id, run.subject_id, ids):
                uow.record(event)
            following = position + 1
            if following < run.position:
                share = following / run.position
                progress = Progress(done=following * BATCH_SIZE, total=run.position * BATCH_SIZE, share=share)
                uow.checkpoint({"position": following}, progress=progress)
            await uow.commit(None)
            return following if following < run.position else None
