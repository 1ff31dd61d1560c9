from domain.milestones.commands import MilestoneChanges, MilestoneDraft
from domain.milestones.events import MilestoneCreated, MilestoneUpdated
from domain.milestones.model import Milestone, MilestoneId
from domain.milestones.ports import MilestoneUow
from domain.milestones.slice import MILESTONES
from domain.projects.slice import PROJECT_WRITE
from domain.shared.actor import Actor
from domain.shared.batches import Deletion
from domain.shared.ids import IdFactory
from domain.shared.replacements import check_usable
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
            check_usable(milestone, ("id",))
            (await uow.projects.get(actor, milestone.project_id)).check_usable(("id",))
            changed = milestone.changed(changes, now=uow.now)
            await uow.check_unchanged(milestone, changed, changes)
            if changed != milestone:
                await uow.milestones.save(milestone, changed)
                uow.record(MilestoneUpdated.between(milestone, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, milestone_id: str, *, replace_with: str | None) -> Written[Deletion]:
        """Deletes a milestone and moves its issues to `replace_with`; refused without one if it has issues.

        More than 1,000 issues are moved by a batch run, which then deletes the milestone.
        """
        async with self._uow(actor) as uow:
            return await uow.commit(await MILESTONES.delete(actor, uow, milestone_id, replace_with=replace_with))
