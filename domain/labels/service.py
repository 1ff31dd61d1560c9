from datetime import datetime
from functools import partial

from domain.labels.commands import LabelBatchCreate, LabelChanges, LabelDraft
from domain.labels.events import LabelCreated, LabelUpdated
from domain.labels.model import Label, LabelId
from domain.labels.ports import LabelUow
from domain.labels.slice import LABEL_WRITE, LABELS
from domain.shared.actor import Actor
from domain.shared.batches import Deletion
from domain.shared.ids import IdFactory
from domain.shared.many import BatchResult, Created, Rows, check_number, in_time
from domain.shared.replacements import check_usable
from domain.shared.uow import OpenUow, Written
from domain.workspaces.model import Workspace


class LabelService:
    def __init__(self, uow: OpenUow[LabelUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, workspace_id: str, draft: LabelDraft) -> Written[Label]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, path=("workspace_id",))
            actor.require(LABEL_WRITE, workspace.id)
            created = self._created(draft, workspace=workspace, now=uow.now)
            await uow.labels.add(created.after)
            uow.record(created.event)
            return await uow.commit(created.after)

    async def create_all(self, actor: Actor, command: LabelBatchCreate) -> Written[BatchResult[Label]]:
        """Creates many labels in a workspace. Of drafts with one name, the first is created."""
        check_number(command.labels, ("labels",))
        async with in_time(command), self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, command.workspace_id, path=("workspace_id",))
            actor.require(LABEL_WRITE, workspace.id)
            decide = partial(self._created, workspace=workspace, now=uow.now)
            rows = Rows[Label, Created[Label]].of_drafts(command, "labels", decide)
            # The insert tells which names are taken, so that rows whose names others take meanwhile are refused too.
            rows.refuse(await uow.labels.add_new([each.after for each in rows.decided]))
            if not rows.are_refused:
                for each in rows.decided:
                    uow.record(each.event)
            result = rows.result()
            if result.is_refused or command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

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

    def _created(self, draft: LabelDraft, *, workspace: Workspace, now: datetime) -> Created[Label]:
        label_id = LabelId(self._ids.new_in(workspace.id, Label.prefix))
        label = Label.drafted(draft, id=label_id, workspace=workspace, now=now)
        return Created(after=label, event=LabelCreated.between(None, label))
