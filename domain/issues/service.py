from collections.abc import Callable

from domain.accounts.model import UserId
from domain.issues.batch_commands import IssueBatchUpdate
from domain.issues.changing import IssueEdits, edit_all
from domain.issues.commands import IssueBatchCreate, IssueChanges, IssueDraft
from domain.issues.creating import IssueCreations, NewIssue
from domain.issues.events import IssueArchived, IssueEvent, IssuePurged, IssueRestored, IssueTrashed
from domain.issues.model import Issue
from domain.issues.ports import IssueUow
from domain.issues.selecting import select
from domain.issues.slice import ISSUE_PURGE, ISSUE_WRITE
from domain.issues.update_runs import begin_update, count_changes
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.errors import Conflict
from domain.shared.ids import IdFactory
from domain.shared.many import BatchResult, Rows, check_number, check_rows, in_time
from domain.shared.uow import OpenUow, Written
from domain.workspaces.policies import require_in


class IssueService:
    def __init__(self, uow: OpenUow[IssueUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, project_id: str, draft: IssueDraft) -> Written[Issue]:
        creator_id = UserId(actor.signed_in_id)
        async with self._uow(actor) as uow:
            project = await self._open_project(uow, actor, project_id)
            creations = await IssueCreations.load(uow, actor, project, [draft], ids=self._ids, creator_id=creator_id)
            [new] = await creations.save(uow, [creations.decide(draft)])
            return await uow.commit(new.after)

    async def create_all(self, actor: Actor, command: IssueBatchCreate) -> Written[BatchResult[Issue]]:
        """Creates many issues in a project, with consecutive numbers in the order of their drafts."""
        creator_id = UserId(actor.signed_in_id)
        drafts = command.issues
        check_number(drafts, ("issues",))
        async with in_time(command), self._uow(actor) as uow:
            project = await self._open_project(uow, actor, command.project_id)
            creations = await IssueCreations.load(uow, actor, project, drafts, ids=self._ids, creator_id=creator_id)
            rows = Rows[Issue, NewIssue].of_drafts(command, "issues", creations.decide)
            if not rows.are_refused:
                rows.replace(await creations.save(uow, rows.decided))
            result = rows.result()
            if result.is_refused or command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def update(self, actor: Actor, issue_id: str, changes: IssueChanges) -> Written[Issue]:
        async with self._uow(actor) as uow:
            projects = await IssueEdits.lock(uow, actor, [issue_id], changes)
            issue = await uow.issues.get(actor, issue_id, for_update=True)
            actor.require(ISSUE_WRITE, issue.workspace_id)
            edits = await IssueEdits.load(uow, actor, [issue], changes, projects)
            edited = edits.decide(issue)
            await uow.check_unchanged(edited.before, edited.after, changes, links=edited.link_changes)
            await edits.save(uow, [edited])
            return await uow.commit(edited.after)

    async def update_all(self, actor: Actor, command: IssueBatchUpdate) -> Written[BatchResult[Issue]]:
        """Makes one change of many issues; of none, or of all but the refused ones, if some of them break a rule.

        A filter that finds more than 1,000 issues starts a batch run that changes them.
        """
        check_rows(command.select.ids or (), ("select", "ids"))
        async with in_time(command), self._uow(actor) as uow:
            await require_in(actor, command.workspace_id, ISSUE_WRITE)
            selected = await select(uow, actor, command)
            if not selected.takes_a_run:
                result = (await edit_all(uow, actor, selected.ids, command)).result()
            elif command.dry_run:
                result = await count_changes(uow, actor, command, selected.count)
            else:
                result = await begin_update(uow, actor, command, selected.ids)
            if result.is_refused or command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def archive(self, actor: Actor, issue_id: str) -> Written[Issue]:
        return await self._set_lifecycle(actor, issue_id, Issue.archived, IssueArchived)

    async def restore(self, actor: Actor, issue_id: str) -> Written[Issue]:
        """Restores an issue from the archive and from the trash."""
        return await self._set_lifecycle(actor, issue_id, Issue.restored, IssueRestored)

    async def trash(self, actor: Actor, issue_id: str) -> Written[Issue]:
        """Moves an issue to the trash. Lists exclude it until it is restored."""
        return await self._set_lifecycle(actor, issue_id, Issue.trashed, IssueTrashed)

    async def purge(self, actor: Actor, issue_id: str) -> Written[str]:
        """Deletes a trashed issue with its comments permanently; its number is not used again."""
        async with self._uow(actor) as uow:
            issue = await uow.issues.get(actor, issue_id, for_update=True)
            actor.require(ISSUE_PURGE, issue.workspace_id)
            if issue.trashed_at is None:
                raise Conflict(
                    "Only an issue in the trash can be deleted permanently. Move it to the trash first.", path=("id",)
                )
            comment_ids = await uow.comments.purge_of(issue)
            await uow.issues.purge(issue)
            await uow.forget_texts(issue.workspace_id, [issue.id, *comment_ids])
            uow.record(IssuePurged.between(issue, None))
            return await uow.commit(issue.id)

    async def _set_lifecycle(
        self, actor: Actor, issue_id: str, change: Callable[..., Issue], event: type[IssueEvent]
    ) -> Written[Issue]:
        """Moves an issue to the archive or the trash, or back; does nothing if it is already there."""
        async with self._uow(actor) as uow:
            issue = await uow.issues.get(actor, issue_id, for_update=True)
            actor.require(ISSUE_WRITE, issue.workspace_id)
            changed = change(issue, now=uow.now)
            if changed != issue:
                await uow.issues.save(issue, changed)
                uow.record(event.between(issue, changed))
            return await uow.commit(changed)

    async def _open_project(self, uow: IssueUow, actor: Actor, project_id: str) -> Project:
        """The project of new issues. Locked, so that no new key or archiving slips in between."""
        project = await uow.projects.get(actor, project_id, path=("project_id",), for_update=True)
        actor.require(ISSUE_WRITE, project.workspace_id)
        project.check_usable(("project_id",))
        if project.archived_at is not None:
            raise Conflict("This project is archived. Restore it first.", path=("project_id",))
        return project
