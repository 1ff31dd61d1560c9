"""Changes of issues: what they refer to is read once for all issues, then each issue is decided by itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.issues.batch_commands import IssueBatchUpdate
from domain.issues.commands import IssueChanges
from domain.issues.errors import IssueErrorCode
from domain.issues.events import IssueEvent, updates
from domain.issues.links import IssueLinks, LinkChanges, as_changes, by_kind
from domain.issues.model import OWN_ANCESTOR, Issue
from domain.issues.moving import IssueMoves, lock_projects
from domain.issues.ports import IssueUow, LinkChange, LinkKind
from domain.issues.targets import IssueTargets
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.errors import Conflict
from domain.shared.events import FieldChange
from domain.shared.ids import is_id
from domain.shared.many import Rows, below, merged_changes
from domain.shared.repositories import Found
from domain.shared.unset import UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An issue before and after a change, with the links that differ."""

    before: Issue
    after: Issue
    links: Mapping[LinkKind, LinkChange] = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    @property
    def link_changes(self) -> dict[str, FieldChange]:
        return as_changes(self.links)

    @property
    def events(self) -> Sequence[IssueEvent]:
        return updates(self.before, self.after, **self.link_changes)

    @property
    def changes(self) -> dict[str, FieldChange]:
        return merged_changes(self.events) if self.is_changed else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueEdits:
    """One change of one or many issues of a workspace."""

    changes: IssueChanges
    now: datetime
    targets: IssueTargets
    ancestor_ids: frozenset[str]
    links: IssueLinks
    link_changes: LinkChanges
    moves: IssueMoves

    @staticmethod
    async def lock(
        uow: IssueUow,
        actor: Actor,
        issue_ids: Collection[str],
        changes: IssueChanges,
        *,
        within: str | None = None,
    ) -> Found[Project]:
        """Locks what the change needs before the issues, which may be of one workspace, are locked, for `load`."""
        return await lock_projects(uow, actor, issue_ids, changes, within=within)

    @classmethod
    async def load(
        cls,
        uow: IssueUow,
        actor: Actor,
        issues: Sequence[Issue],
        changes: IssueChanges,
        projects: Found[Project],
    ) -> "IssueEdits":
        """Reads what the change refers to, as far as it differs for any of the issues.

        The issues are locked, and before them `lock` has locked the `projects`.

        Takes the lock of the tree to set a parent, because two concurrent moves together could close a cycle.
        """
        moves = await IssueMoves.load(uow, actor, issues, changes, projects)
        issues = [moves.ahead(each) for each in issues]
        adopted = [each for each in issues if changes.parent_id not in (UNSET, each.parent_id)]
        if adopted:
            await uow.issues.lock_tree(adopted[0].workspace_id)
        targets = await IssueTargets.load(
            uow,
            actor,
            state_ids=_differing("state_id", issues, changes),
            milestone_ids=_differing("milestone_id", issues, changes),
            parent_ids=_differing("parent_id", issues, changes),
            project_ids={each.project_id for each in adopted},
        )
        adopted_ids = {each.id for each in adopted}
        above = [await uow.issues.ancestor_ids(each) for each in targets.parents if adopted_ids != {each.id}]
        sent = {LinkKind.ASSIGNEES: changes.assignees, LinkKind.LABELS: changes.labels}
        link_changes = {kind: change for kind, change in sent.items() if change is not UNSET}
        return cls(
            changes=changes,
            now=uow.now,
            targets=targets,
            ancestor_ids=frozenset[str]().union(*above),
            links=await IssueLinks.load(uow, actor, [(each, link_changes) for each in issues], moves.left),
            link_changes=link_changes,
            moves=moves,
        )

    def decide(self, issue: Issue) -> Edited:
        """The issue after the change; raises DomainError or Rejected if it breaks a rule."""
        changed = self.moves.decide(issue.changed(self.changes, now=self.now))
        changed = self._with_parent(self._planned(self._moved(changed)))
        links = self.links.decide(changed, self.link_changes)
        self.links.check_move(issue, changed, links)
        return Edited(before=issue, after=changed.touched(now=self.now) if links else changed, links=links)

    async def save(self, uow: IssueUow, edited: Sequence[Edited]) -> None:
        """Writes the issues that differ, and records their events."""
        changed = [each for each in edited if each.is_changed]
        if not changed:
            return
        workspace_id = changed[0].before.workspace_id
        await uow.issues.relink_all(workspace_id, by_kind((each.before, each.links) for each in changed))
        await uow.issues.save_all([(each.before, each.after) for each in changed])
        moved = [each.after for each in changed if each.before.project_id != each.after.project_id]
        if commented := [issue for issue in moved if issue.comment_count]:
            await uow.comments.follow(commented)
        for each in changed:
            for event in each.events:
                uow.record(event)

    def _moved(self, issue: Issue) -> Issue:
        state_id = self.changes.state_id
        if state_id is UNSET or state_id == issue.state_id:
            return issue
        return issue.moved_to(self.targets.state(state_id, project_id=issue.project_id), now=self.now)

    def _planned(self, issue: Issue) -> Issue:
        milestone_id = self.changes.milestone_id
        if milestone_id is UNSET or milestone_id == issue.milestone_id:
            return issue
        return issue.planned_for(self.targets.milestone(milestone_id, project_id=issue.project_id), now=self.now)

    def _with_parent(self, issue: Issue) -> Issue:
        parent_id = self.changes.parent_id
        if parent_id is UNSET or parent_id == issue.parent_id:
            return issue
        parent = self.targets.parent(parent_id, workspace_id=issue.workspace_id, project_id=issue.project_id)
        if parent and (parent.id == issue.id or issue.id in self.ancestor_ids):
            raise Conflict(
                OWN_ANCESTOR,
                path=("parent_id",),
                code=IssueErrorCode.PARENT_CYCLE,
            )
        return issue.with_parent(parent, now=self.now)


async def edit_all(uow: IssueUow, actor: Actor, ids: Sequence[str], command: IssueBatchUpdate) -> Rows[Issue, Edited]:
    """Changes the issues with these ids in the command's workspace, which the actor sees.

    Writes nothing if the rows are refused. Rows are locked in the order of ids, so that batches cannot deadlock.
    """
    edits, rows = await decide_all(uow, actor, ids, command, for_update=True)
    if not rows.are_refused:
        await edits.save(uow, rows.decided)
    return rows


async def decide_all(
    uow: IssueUow, actor: Actor, ids: Sequence[str], command: IssueBatchUpdate, *, for_update: bool
) -> tuple[IssueEdits, Rows[Issue, Edited]]:
    """The issues after the change, which is not written.

    With `for_update` the rows are locked, and those that no longer match the command's filter are refused.
    """
    workspace_id, change = command.workspace_id, command.change
    projects = await IssueEdits.lock(uow, actor, ids, change, within=workspace_id)
    found = await uow.issues.find(actor, ids, within=workspace_id, for_update=for_update)
    left_out = await _left_out(uow, actor, ids, command) if for_update else frozenset()
    with below("change"):
        edits = await IssueEdits.load(uow, actor, [each for each in found if each.id not in left_out], change, projects)
    rows = Rows[Issue, Edited](command)
    for index, issue_id in enumerate(ids):
        with rows.row(index, issue_id if is_id(issue_id, Issue.prefix) else None) as row:
            path = ("ids", str(index)) if command.select.filter is None else ("filter",)
            row.stored = found.get(issue_id, path=("select", *path))
            if issue_id in left_out:
                raise Conflict("This issue has changed and no longer matches the filter.", path=("select", "filter"))
            with below("change"):
                row.decision = edits.decide(row.stored)
    wanted = ((each.before, each.after, each.link_changes) for each in rows.decided)
    expected = replace(change, expected_revision=command.expected_revision)
    rows.refuse(await uow.changed_meanwhile(workspace_id, wanted, expected), "change")
    return edits, rows


async def _left_out(uow: IssueUow, actor: Actor, ids: Sequence[str], command: IssueBatchUpdate) -> frozenset[str]:
    """Ids of issues that the command's filter found, and that do not match it any more."""
    wanted = command.select.filter
    if wanted is None or not ids:
        return frozenset()
    return frozenset(ids) - await uow.matching_issues.still_matching(actor, command.workspace_id, wanted, ids)


def _differing(name: str, issues: Sequence[Issue], changes: IssueChanges) -> frozenset[str]:
    """The id that the change gives to the field, unless all issues have it already or it clears the field."""
    wanted = getattr(changes, name)
    if wanted is UNSET or wanted is None or all(getattr(issue, name) == wanted for issue in issues):
        return frozenset()
    return frozenset((wanted,))
