from collections.abc import Callable

from domain.accounts.model import UserId
from domain.issues.changing import IssueEdits
from domain.issues.commands import IssueChanges, IssueDraft
from domain.issues.events import IssueArchived, IssueCreated, IssueEvent, IssuePurged, IssueRestored, IssueTrashed
from domain.issues.links import IssueLinks, LinkChanges, as_changes, by_kind
from domain.issues.model import Issue, IssueId
from domain.issues.ports import IssueUow, LinkKind
from domain.issues.slice import ISSUE_PURGE, ISSUE_WRITE
from domain.issues.targets import IssueTargets
from domain.projects.model import Project, State
from domain.shared.actor import Actor
from domain.shared.errors import Conflict
from domain.shared.ids import IdFactory
from domain.shared.sets import SetChange
from domain.shared.uow import OpenUow, Written

_DRAFTED = {LinkKind.ASSIGNEES: "assignee_ids", LinkKind.LABELS: "label_ids"}
"""Fields of a draft with the links of its issue."""


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
            targets = await IssueTargets.load(
                uow,
                actor,
                state_ids=_sent(draft.state_id),
                milestone_ids=_sent(draft.milestone_id),
                parent_ids=_sent(draft.parent_id),
                project_ids=(project.id,),
            )
            if draft.state_id is None:
                state = await self._first_state(uow, project)
            else:
                state = targets.state(draft.state_id, project_id=project.id)
            issue = Issue.drafted(
                draft,
                id=IssueId(self._ids.new_in(project.workspace_id, Issue.prefix)),
                project=project,
                state=state,
                number=(await uow.projects.next_numbers(project, 1))[0],
                milestone=targets.milestone(draft.milestone_id, project_id=project.id),
                parent=targets.parent(draft.parent_id, workspace_id=project.workspace_id, project_id=project.id),
                creator_id=creator_id,
                now=uow.now,
            )
            wanted = _wanted_links(draft)
            links = await IssueLinks.load(uow, actor, [(issue, wanted)], paths=_DRAFTED, are_new=True)
            linked = links.decide(issue, wanted)
            await uow.issues.add(issue)
            await uow.issues.relink_all(issue.workspace_id, by_kind([(issue, linked)]))
            uow.record(IssueCreated.between(None, issue, **as_changes(linked)))
            return await uow.commit(issue)

    async def update(self, actor: Actor, issue_id: str, changes: IssueChanges) -> Written[Issue]:
        async with self._uow(actor) as uow:
            issue = await uow.issues.get(actor, issue_id, for_update=True)
            actor.require(ISSUE_WRITE, issue.workspace_id)
            edits = await IssueEdits.load(uow, actor, [issue], changes)
            edited = edits.decide(issue)
            await uow.check_unchanged(edited.before, edited.after, changes, links=edited.link_changes)
            await edits.save(uow, [edited])
            return await uow.commit(edited.after)

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

    async def _first_state(self, uow: IssueUow, project: Project) -> State:
        return next(state for state in await uow.states.of(project) if state.deleting_since is None)


def _wanted_links(draft: IssueDraft) -> LinkChanges:
    return {
        LinkKind.ASSIGNEES: SetChange(set=draft.assignee_ids),
        LinkKind.LABELS: SetChange(set=draft.label_ids),
    }


def _sent(entity_id: str | None) -> tuple[str, ...]:
    return () if entity_id is None else (entity_id,)
