"""Deletion of a project with its issues, at once or by a batch run."""

from collections.abc import Sequence
from datetime import datetime

from domain.projects.events import ProjectDeleted, ProjectUpdated
from domain.projects.jobs import RecordPurges
from domain.projects.model import Project
from domain.projects.ports import ProjectUow
from domain.shared.actor import Actor
from domain.shared.batches import BatchKind, BatchRun, BatchRunId, BatchWork, Worked

PROJECT_DELETION = BatchKind("PROJECT_DELETION")


async def begin_deletion(uow: ProjectUow, project: Project, *, now: datetime) -> BatchRunId:
    """Starts the batch run that deletes the project. From now on, the project takes no changes."""
    deleting = project.deleting(True, now=now)
    await uow.projects.save(project, deleting)
    uow.record(ProjectUpdated.between(project, deleting))
    return uow.begin_batch(PROJECT_DELETION, workspace_id=project.workspace_id, subject_id=project.id)


async def delete_issues(
    uow: ProjectUow, workspace_id: str, project_id: str, ids: Sequence[str], *, now: datetime
) -> None:
    """Deletes those of the issues that are in the project, and records which sub-issues elsewhere lose their parent.

    The deleted issues have no events of their own: the event of the project's deletion stands for them.
    """
    for event in await uow.issues.delete(workspace_id, project_id, ids, now=now):
        uow.record(event)


async def remove_project(uow: ProjectUow, project: Project) -> None:
    """Deletes a project without issues, with everything else in it."""
    await uow.issues.clear(project)
    await uow.projects.remove(project)
    uow.record(ProjectDeleted.between(project, None))


class ProjectDeletion(BatchWork):
    """The work of a batch run that deletes a project."""

    async def fix(self, uow: ProjectUow, run: BatchRun) -> int:
        return await uow.issues.fix_in_project(run)

    async def change(
        self, actor: Actor, uow: ProjectUow, run: BatchRun, ids: Sequence[str], *, now: datetime
    ) -> Worked:
        await delete_issues(uow, run.workspace_id, run.subject_id, ids, now=now)
        return Worked(changed_count=len(ids))

    async def finish(self, actor: Actor, uow: ProjectUow, run: BatchRun, *, now: datetime) -> None:
        await remove_project(uow, await uow.projects.get(actor, run.subject_id, for_update=True))

    async def release(self, actor: Actor, uow: ProjectUow, run: BatchRun, *, now: datetime) -> None:
        project = await uow.projects.get(actor, run.subject_id, for_update=True)
        kept = project.deleting(False, now=now)
        await uow.projects.save(project, kept)
        uow.record(ProjectUpdated.between(project, kept))
        if run.position:
            # No event of the project will stand for the issues that are already deleted.
            uow.enqueue(RecordPurges(run_id=run.id), workspace_id=run.workspace_id)
