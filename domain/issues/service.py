from collections.abc import Callable

from domain.accounts.model import UserId
from domain.issues.commands import IssueChanges, IssueDraft
from domain.issues.errors import IssueErrorCode
from domain.issues.events import (
    IssueArchived,
    IssueCreated,
    IssueEvent,
    IssuePurged,
    IssueRestored,
    IssueTrashed,
    IssueUpdated,
)
from domain.issues.links import IssueLinks
from domain.issues.model import Issue, IssueId
from domain.issues.ports import IssueUow
from domain.issues.slice import ISSUE_PURGE, ISSUE_WRITE
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.ids import IdFactory
from domain.shared.replacements import check_usable
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET, Unset
from domain.shared.uow import OpenUow, Written


class IssueService:
    def __init__(self, uow: OpenUow[IssueUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, project_id: str, draft: IssueDraft) -> Written[Issue]:
        creator_id = UserId(actor.signed_in_id)
        async with self._uow(actor) as uow:
            # Locked, so that no new key or archiving slips in between; creations take turns for the number anyway.
            project = await uow.projects.get(actor, project_id, path=("project_id",), for_update=True)
            actor.require(ISSUE_WRITE, project.workspace_id)
            project.check_usable(("project_id",))
            if project.archived_at is not None:
                raise Conflict("This project is archived. Restore it first.", path=("project_id",))
            state = await self._first_or_named_state(uow, actor, project, draft.state_id)
            milestone = await self._milestone(uow, actor, project.id, draft.milestone_id)
            parent = await self._parent(uow, actor, project.workspace_id, project.id, draft.parent_id)
            issue = Issue.drafted(
                draft,
                id=IssueId(self._ids.new_in(project.workspace_id, Issue.prefix)),
                project=project,
                state=state,
                number=(await uow.projects.next_numbers(project, 1))[0],
                milestone=milestone,
                parent=parent,
                creator_id=creator_id,
                now=uow.now,
            )
            await uow.issues.add(issue)
            links = IssueLinks(uow, actor, issue, is_new=True)
            await links.assign(SetChange(set=draft.assignee_ids), path="assignee_ids")
            await links.label(SetChange(set=draft.label_ids), path="label_ids")
            uow.record(IssueCreated.between(None, issue, **links.changes))
            return await uow.commit(issue)

    async def update(self, actor: Actor, issue_id: str, changes: IssueChanges) -> Written[Issue]:
        async with self._uow(actor) as uow:
            issue = await uow.issues.get(actor, issue_id, for_update=True)
            actor.require(ISSUE_WRITE, issue.workspace_id)
            changed = issue.changed(changes, now=uow.now)
            changed = await self._moved(uow, actor, changed, changes.state_id)
            changed = await self._planned(uow, actor, changed, changes.milestone_id)
            changed = await self._with_parent(uow, actor, changed, changes.parent_id)
            links = IssueLinks(uow, actor, issue)
            await links.assign(changes.assignees, path="assignees")
            await links.label(changes.labels, path="labels")
            if links.changes:
                changed = changed.touched(now=uow.now)
            await uow.check_unchanged(issue, changed, changes, links=links.changes)
            if changed != issue:
                await uow.issues.save(issue, changed)
                uow.record(IssueUpdated.between(issue, changed, **links.changes))
            return await uow.commit(changed)

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

    async def _first_or_named_state(self, uow: IssueUow, actor: Actor, project: Project, state_id: str | None) -> State:
        if state_id is None:
            return next(state for state in await uow.states.of(project) if state.deleting_since is None)
        state = await uow.states.get(actor, state_id, path=("state_id",))
        if state.project_id != project.id:
            raise InvalidInput(
                "The workflow state belongs to another project. Use a state of the issue's project.", path=("state_id",)
            )
        check_usable(state, ("state_id",))
        return state

    async def _moved(self, uow: IssueUow, actor: Actor, issue: Issue, state_id: str | Unset) -> Issue:
        if state_id is UNSET or state_id == issue.state_id:
            return issue
        state = await uow.states.get(actor, state_id, path=("state_id",))
        if state.project_id != issue.project_id:
            raise InvalidInput(
                "The workflow state belongs to another project. Use a state of the issue's project.", path=("state_id",)
            )
        check_usable(state, ("state_id",))
        return issue.moved_to(state, now=uow.now)

    async def _planned(self, uow: IssueUow, actor: Actor, issue: Issue, milestone_id: str | Unset | None) -> Issue:
        if milestone_id is UNSET or milestone_id == issue.milestone_id:
            return issue
        milestone = await self._milestone(uow, actor, issue.project_id, milestone_id)
        return issue.planned_for(milestone, now=uow.now)

    async def _milestone(
        self, uow: IssueUow, actor: Actor, project_id: str, milestone_id: str | None
    ) -> Milestone | None:
        if milestone_id is None:
            return None
        milestone = await uow.milestones.get(actor, milestone_id, path=("milestone_id",))
        if milestone.project_id != project_id:
            raise InvalidInput(
                "The milestone belongs to another project. Use a milestone of the issue's project.",
                path=("milestone_id",),
            )
        check_usable(milestone, ("milestone_id",))
        return milestone

    async def _parent(
        self, uow: IssueUow, actor: Actor, workspace_id: str, project_id: str, parent_id: str | None
    ) -> Issue | None:
        if parent_id is None:
            return None
        parent = await uow.issues.get(actor, parent_id, path=("parent_id",))
        if parent.workspace_id != workspace_id:
            raise InvalidInput(
                "The parent belongs to another workspace. Use an issue of the same workspace.", path=("parent_id",)
            )
        if parent.project_id != project_id:
            (await uow.projects.get(actor, parent.project_id, path=("parent_id",))).check_usable(("parent_id",))
        return parent

    async def _with_parent(self, uow: IssueUow, actor: Actor, issue: Issue, parent_id: str | Unset | None) -> Issue:
        """Sets the parent. Takes the lock of the tree, because two concurrent moves together could close a cycle."""
        if parent_id is UNSET or parent_id == issue.parent_id:
            return issue
        await uow.issues.lock_tree(issue.workspace_id)
        parent = await self._parent(uow, actor, issue.workspace_id, issue.project_id, parent_id)
        if parent and (parent.id == issue.id or issue.id in await uow.issues.ancestor_ids(parent)):
            raise Conflict(
                "An issue cannot be its own ancestor. Choose another parent.",
                path=("parent_id",),
                code=IssueErrorCode.PARENT_CYCLE,
            )
        return issue.with_parent(parent, now=uow.now)
