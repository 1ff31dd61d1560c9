from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.auth.proof import PasswordProof
from domain.shared.actor import Actor
from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.files import FileStore
from domain.shared.jobs import Progress
from domain.shared.mail import Mail, Mailer
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Outcome, Written
from domain.workspaces.events import WorkspaceDeleted
from domain.workspaces.jobs import DeleteWorkspace, SendWorkspaceDeletion
from domain.workspaces.mails import WorkspaceDeletion
from domain.workspaces.model import Workspace
from domain.workspaces.ports import CascadeUow
from domain.workspaces.slice import WORKSPACE_DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedWorkspace(Outcome):
    """ID of a hidden workspace, and of the job that deletes its rows and files."""

    id: str
    job_id: str


class CascadeService:
    """Deletes workspaces with everything in them."""

    def __init__(self, uow: OpenUow[CascadeUow], proof: PasswordProof, files: FileStore, mailer: Mailer) -> None:
        self._uow = uow
        self._proof = proof
        self._files = files
        self._mailer = mailer

    async def delete(
        self, actor: Actor, workspace_id: str, *, slug: str | None, password: str | None
    ) -> Written[DeletedWorkspace]:
        """Hides a workspace from everyone at once; a job then deletes everything in it.

        `slug` must be that of the workspace. Users prove their password too, and raise the errors of the proof.
        """
        await self._prove(actor, password)
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, for_update=True)
            actor.require(WORKSPACE_DELETE, workspace.id)
            _check_slug(workspace, slug)
            for owner in await uow.members.owners(workspace.id):
                kind = SecurityEventKind.WORKSPACE_DELETED
                uow.note(kind, user_id=owner.user_id, subject_id=workspace.id, workspace_id=workspace.id)
                # Not a job of the workspace, because those end.
                uow.enqueue(SendWorkspaceDeletion(user_id=owner.user_id, name=workspace.name))
            await uow.workspace_contents.hide(workspace, now=uow.now)
            await uow.end_jobs(workspace.id)
            uow.record(WorkspaceDeleted.between(workspace, None))
            job_id = uow.enqueue(DeleteWorkspace(workspace_id=workspace.id))
            return await uow.commit(DeletedWorkspace(id=workspace.id, job_id=job_id))

    async def run(self, actor: Actor, job: DeleteWorkspace) -> None:
        """Deletes the rows of a hidden workspace in bounded transactions, after its files."""
        position = actor.job.checkpoint if actor.job is not None else {}
        if not position:
            await self._delete_files(actor, job.workspace_id)
        left: Mapping[str, Any] | None = position
        while left is not None:
            left = await self._delete_some(actor, job.workspace_id, left)

    async def send_deletion(self, actor: Actor, job: SendWorkspaceDeletion) -> None:
        """Mails an owner of a deleted workspace, unless they have no address."""
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(job.user_id)
        if user is not None and user.email is not None:
            mail_id = actor.job.id if actor.job is not None else user.id
            letter = WorkspaceDeletion(person=user.name, workspace=job.name)
            await self._mailer.send(Mail(id=mail_id, to=user.email, letter=letter))

    async def _prove(self, actor: Actor, password: str | None) -> None:
        if actor.is_system:
            return
        if password is None:
            message = "{field} is required to delete a workspace with everything in it."
            raise InvalidInput(message, path=("current_password",), code=ErrorCode.REQUIRED)
        # A wrong password is noted in a transaction of its own, which must not take the key of the deletion.
        await self._proof.require(replace(actor, idempotency=None), password)

    async def _delete_files(self, actor: Actor, workspace_id: str) -> None:
        """Deletes the stored files of the workspace after their rows, so that no row leads to a missing file.

        A job that is interrupted in between repeats it, because the workspace still names the files.
        """
        async with self._uow(actor) as uow:
            file_ids = await uow.workspace_files.forget(workspace_id)
            uow.checkpoint({}, progress=Progress(done=0))
            await uow.commit(None)
        for file_id in file_ids:
            await self._files.delete(file_id)

    async def _delete_some(
        self, actor: Actor, workspace_id: str, position: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Deletes a bounded number of rows; returns the position after them, None at the end."""
        async with self._uow(actor) as uow:
            following = await uow.workspace_contents.delete_some(workspace_id, position)
            if following is not None:
                progress = Progress(done=following["done"], share=following["share"])
                uow.checkpoint(following, progress=progress)
            await uow.commit(None)
            return following


def _check_slug(workspace: Workspace, slug: str | None) -> None:
    if slug is None:
        message = "{field} is required to delete a workspace with everything in it."
        raise InvalidInput(message, path=("confirm_slug",), code=ErrorCode.REQUIRED)
    if slug != workspace.slug:
        raise InvalidInput("{field} must be the slug of the workspace to delete.", path=("confirm_slug",))
