from domain.labels.commands import LabelChanges, LabelDraft
from domain.labels.events import LabelCreated, LabelUpdated
from domain.labels.model import Label, LabelId
from domain.labels.ports import LabelUow
from domain.labels.slice import LABEL_WRITE, LABELS
from domain.shared.actor import Actor
from domain.shared.batches import Deletion
from domain.shared.ids import IdFactory
from domain.shared.replacements import check_usable
from domain.shared.uow import OpenUow, Written


class LabelService:
    def __init__(self, uow: OpenUow[LabelUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, workspace_id: str, draft: LabelDraft) -> Written[Label]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, path=("workspace_id",))
            actor.require(LABEL_WRITE, workspace.id)
            label = Label.drafted(
                draft,
                id=LabelId(self._ids.new_in(workspace.id, Label.prefix)),
                workspace=workspace,
                now=uow.now,
            )
            await uow.labels.add(label)
            uow.record(LabelCreated.between(None, label))
            return await uow.commit(label)

    async def update(self, actor: Actor, label_id: str, changes: LabelChanges) -> Written[Label]:
        async with self._uow(actor) as uow:
            label = await uow.labels.get(actor, label_id, for_update=True)
            actor.require(LABEL_WRITE, label.workspace_id)
            check_usable(label, ("id",))
            changed = label.changed(changes, now=uow.now)
            await uow.check_unchanged(label, changed, changes)
            if changed != label:
                await uow.labels.save(label, changed)
                uow.record(LabelUpdated.between(label, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, label_id: str, *, replace_with: str | None) -> Written[Deletion]:
        """Deletes a label, and gives its issues the label `replace_with`; without one, they just lose it.

        More than 1,000 issues are changed by a batch run, which then deletes the label.
        """
        async with self._uow(actor) as uow:
            return await uow.commit(await LABELS.delete(actor, uow, label_id, replace_with=replace_with))
