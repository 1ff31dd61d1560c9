from dataclasses import dataclass

from domain.labels.commands import LabelChanges, LabelDraft
from domain.labels.events import LabelCreated, LabelDeleted, LabelUpdated
from domain.labels.model import Label, LabelId
from domain.labels.ports import LabelUow
from domain.labels.slice import LABEL_WRITE
from domain.shared.actor import Actor
from domain.shared.ids import IdFactory
from domain.shared.uow import OpenUow, Outcome, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRemoval(Outcome):
    """A deleted label and the number of issues that had it."""

    id: str
    detached_count: int


class LabelService:
    def __init__(self, uow: OpenUow[LabelUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, draft: LabelDraft) -> Written[Label]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
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
            changed = label.changed(changes, now=uow.now)
            if changed != label:
                await uow.labels.save(label, changed)
                uow.record(LabelUpdated.between(label, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, label_id: str) -> Written[LabelRemoval]:
        """Deletes a label and removes it from all issues."""
        async with self._uow(actor) as uow:
            label = await uow.labels.get(actor, label_id, for_update=True)
            actor.require(LABEL_WRITE, label.workspace_id)
            detached = await uow.issues.detach_label(label)
            await uow.labels.remove(label)
            uow.record(LabelDeleted.between(label, None))
            return await uow.commit(LabelRemoval(id=label.id, detached_count=detached))
