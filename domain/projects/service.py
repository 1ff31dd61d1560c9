from collections.abc import Callable

from domain.projects.commands import ProjectChanges, ProjectDraft, StateDraft
from domain.projects.deletion import begin_deletion, delete_issues, remove_project
from domain.projects.events import (
    ProjectArchived,
    ProjectCreated,
    ProjectDeleted,
    ProjectEvent,
    ProjectRestored,
    ProjectUpdated,
    StateCreated,
)
from domain.projects.model import DEFAULT_STATES, Project, ProjectId, State, StateId
from domain.projects.ports import ProjectUow
from domain.projects.slice import PROJECT_DELETE, PROJECT_WRITE
from domain.shared.actor import Actor
from domain.shared.batches import MOST_AT_ONCE, Deletion
from domain.shared.errors import Conflict, ErrorCode
from domain.shared.ids import IdFactory
from domain.shared.uow import OpenUow, Written


class ProjectService:
    def __init__(self, uow: OpenUow[ProjectUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, draft: ProjectDraft) -> Written[Project]:
        """Creates a project with the five default workflow states."""
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
            actor.require(PROJECT_WRITE, workspace.id)
            project = Project.drafted(
                draft, id=ProjectId(self._ids.new_in(workspace.id, Project.prefix)), workspace=workspace, now=uow.now
            )
            await uow.projects.add(project)
            uow.record(ProjectCreated.between(None, project))
            for position, (name, category, color) in enumerate(DEFAULT_STATES):
                step = StateDraft(project_id=project.id, name=name, category=category, color=color)
                state_id = StateId(self._ids.new_in(workspace.id, State.prefix))
                state = State.drafted(step, id=state_id, project=project, position=position, now=uow.now)
                await uow.states.add(state)
                uow.record(StateCreated.between(None, state))
            return await uow.commit(project)

    async def update(self, actor: Actor, project_id: str, changes: ProjectChanges) -> Written[Project]:
        """Updates a project. A new key changes the identifiers of its issues; the former ones find them too."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, project_id, for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            project.check_usable(("id",))
            changed = project.changed(changes, now=uow.now)
            await uow.check_unchanged(project, changed, changes)
            if changed != project:
                await uow.projects.save(project, changed)
                uow.record(ProjectUpdated.between(project, changed))
            return await uow.commit(changed)

    async def archive(self, actor: Actor, project_id: str) -> Written[Project]:
        return await self._set_lifecycle(actor, project_id, Project.archived, ProjectArchived)

    async def restore(self, actor: Actor, project_id: str) -> Written[Project]:
        return await self._set_lifecycle(actor, project_id, Project.restored, ProjectRestored)

    async def delete(self, actor: Actor, project_id: str, *, cascade: bool = False) -> Written[Deletion]:
        """Deletes a project with its states and, if `cascade` is set, with its issues and milestones.

        More than 1,000 issues are deleted by a batch run, which then deletes the project.
        """
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, project_id, for_update=True)
            actor.require(PROJECT_DELETE, project.workspace_id)
            project.check_usable(("id",))
            issue_ids = await uow.issues.ids_in(project, most=MOST_AT_ONCE + 1)
            if not cascade:
                await self._remove_empty(uow, project, has_issues=bool(issue_ids))
                return await uow.commit(Deletion(id=project.id))
            now = uow.now
            if len(issue_ids) > MOST_AT_ONCE:
                return await uow.commit(Deletion(batch_run_id=await begin_deletion(uow, project, now=now)))
            await delete_issues(uow, project.workspace_id, project.id, issue_ids, now=now)
            await remove_project(uow, project)
            return await uow.commit(Deletion(id=project.id))

    async def _remove_empty(self, uow: ProjectUow, project: Project, *, has_issues: bool) -> None:
        """Deletes a project with its states; raises Conflict if it has issues or milestones."""
        if has_issues:
            message = "A project with issues is deleted only with `cascade: true`, which deletes its issues too."
            raise Conflict(message, path=("id",), code=ErrorCode.IN_USE)
        states = await uow.states.of(project, for_update=True)
        # A state that is being replaced refers to its replacement.
        for state in sorted(states, key=lambda state: state.replaced_by_id is None):
            await uow.states.remove(state)
        await uow.projects.remove(project)
        uow.record(ProjectDeleted.between(project, None))

    async def _set_lifecycle(
        self, actor: Actor, project_id: str, change: Callable[..., Project], event: type[ProjectEvent]
    ) -> Written[Project]:
        """Moves a project to the archive or back; does nothing if it is already there."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, project_id, for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            project.check_usable(("id",))
            changed = change(project, now=uow.now)
            if changed != project:
                await uow.projects.save(project, changed)
                uow.record(event.between(project, changed))
            return await uow.commit(changed)
