"""Deletion of a milestone whose issues move to another one, at once or by a batch run."""

from collections.abc import Sequence
from datetime import datetime

from domain.milestones.events import MilestoneDeleted, MilestoneUpdated
from domain.milestones.model import Milestone
from domain.milestones.ports import MilestoneUow
from domain.shared.actor import Actor
from domain.shared.batches import BatchKind, BatchRun, BatchRunId, BatchWork
from domain.shared.events import FieldChange


def begin_replacement(uow: MilestoneUow, milestone: Milestone) -> BatchRunId:
    """Starts the batch run that moves the issues of the milestone to the one that replaces it."""
    return uow.begin_batch(
        BatchKind.MILESTONE_REPLACEMENT,
        workspace_id=milestone.workspace_id,
        subject_id=milestone.id,
        target_id=milestone.replaced_by_id,
    )


async def remove_milestone(uow: MilestoneUow, milestone: Milestone, target: Milestone | None) -> None:
    """Deletes a milestone; raises Conflict if it has issues."""
    further = {} if target is None else {"replaced_by": FieldChange(after=target.id)}
    await uow.milestones.remove(milestone)
    uow.record(MilestoneDeleted.between(milestone, None, **further))


class MilestoneReplacement(BatchWork):
    """The work of a batch run that replaces a milestone."""

    async def fix(self, uow: MilestoneUow, run: BatchRun) -> int:
        return await uow.issues.fix_in_milestone(run)

    async def change(
        self, actor: Actor, uow: MilestoneUow, run: BatchRun, ids: Sequence[str], *, now: datetime
    ) -> None:
        milestone, target = await self._milestones(actor, uow, run)
        await uow.issues.replan_some(ids, milestone, target, now=now)

    async def finish(self, actor: Actor, uow: MilestoneUow, run: BatchRun, *, now: datetime) -> None:
        await remove_milestone(uow, *await self._milestones(actor, uow, run))

    async def release(self, actor: Actor, uow: MilestoneUow, run: BatchRun, *, now: datetime) -> None:
        milestone = await uow.milestones.get(actor, run.subject_id, for_update=True)
        released = milestone.replaced_by(None, now=now)
        await uow.milestones.save(milestone, released)
        uow.record(MilestoneUpdated.between(milestone, released))

    async def _milestones(self, actor: Actor, uow: MilestoneUow, run: BatchRun) -> tuple[Milestone, Milestone]:
        assert run.target_id is not None
        return await uow.milestones.get(actor, run.subject_id), await uow.milestones.get(actor, run.target_id)
