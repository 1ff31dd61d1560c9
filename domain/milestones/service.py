from domain.milestones.commands import MilestoneChanges, MilestoneDraft
from domain.milestones.events import MilestoneCreated, MilestoneUpdated
from domain.milestones.model import Milestone, MilestoneId
from domain.milestones.ports import MilestoneUow
from domain.milestones.replacement import begin_replacement, remove_milestone
from domain.projects.slice import PROJECT_WRITE
from domain.shared.actor import Actor
from domain.shared.batches import MOST_AT_ONCE, Deletion
from domain.shared.errors import InvalidInput
from domain.shared.ids import IdFactory
from domain.shared.uow import OpenUow, Written


class MilestoneService:
    def __init__(self, uow: OpenUow[MilestoneUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, draft: MilestoneDraft) -> Written[Milestone]:
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, draft.project_id, path=("project_id",))
            actor.require(PROJECT_WRITE, project.workspace_id)
            project.check_usable(("project_id",))
            milestone = Milestone.drafted(
                draft,
                id=MilestoneId(self._ids.new_in(project.workspace_id, Milestone.prefix)),
                project=project,
                now=uow.now,
            )
            await uow.milestones.add(milestone)
            uow.record(MilestoneCreated.between(None, milestone))
            return await uow.commit(milestone)

    async def update(self, actor: Actor, milestone_id: str, changes: MilestoneChanges) -> Written[Milestone]:
        async with self._uow(actor) as uow:
            milestone = await uow.milestones.get(actor, milestone_id, for_update=True)
            actor.require(PROJECT_WRITE, milestone.workspace_id)
            (await uow.projects.get(actor, milestone.project_id)).check_usable(("id",))
            changed = milestone.changed(changes, now=uow.now)
            if changed != milestone:
                await uow.milestones.save(milestone, changed)
                uow.record(MilestoneUpdated.between(milestone, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, milestone_id: str, *, replace_with: str | None) -> Written[Deletion]:
        """Deletes a milestone and moves its issues to `replace_with`; refused without one if it has issues.

        More than 1,000 issues are moved by a batch run, which then deletes the milestone.
        """
        async with self._uow(actor) as uow:
            milestone = await uow.milestones.get(actor, milestone_id)
            # Locked, so that two milestones cannot replace each other at once.
            project = await uow.projects.get(actor, milestone.project_id, for_update=True)
            milestone = await uow.milestones.get(actor, milestone_id, for_update=True)
            actor.require(PROJECT_WRITE, milestone.workspace_id)
            project.check_usable(("id",))
            milestone.check_usable(("id",))
            now = uow.now
            target = await self._target(uow, actor, milestone, replace_with) if replace_with is not None else None
            if target is not None and await uow.issues.exceed_in_milestone(milestone, most=MOST_AT_ONCE):
                replaced = milestone.replaced_by(target, now=now)
                await uow.milestones.save(milestone, replaced)
                uow.record(MilestoneUpdated.between(milestone, replaced))
                return await uow.commit(Deletion(batch_run_id=begin_replacement(uow, replaced)))
            if target is not None:
                await uow.issues.replan(milestone, target, now=now)
            await remove_milestone(uow, milestone, target)
            return await uow.commit(Deletion(id=milestone.id))

    async def _target(self, uow: MilestoneUow, actor: Actor, milestone: Milestone, target_id: str) -> Milestone:
        target = await uow.milestones.get(actor, target_id, path=("replace_with",))
        if target.project_id != milestone.project_id or target.id == milestone.id:
            raise InvalidInput("{field} must be another milestone of the same project.", path=("replace_with",))
        target.check_usable(("replace_with",))
        return target
