"""New issues of a project: what their drafts refer to is read once for all, then each draft is decided by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.accounts.model import UserId
from domain.issues.commands import IssueDraft
from domain.issues.events import IssueCreated
from domain.issues.links import IssueLinks, as_changes, by_kind
from domain.issues.model import Issue, IssueId
from domain.issues.ports import IssueUow, LinkChange, LinkKind
from domain.issues.targets import IssueTargets
from domain.projects.model import Project, State
from domain.shared.actor import Actor
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.shared.many import Created
from domain.shared.replacements import check_usable
from domain.shared.sets import SetChange

_UNNUMBERED = 0  # until the new issues take their numbers together


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue(Created[Issue]):
    """The decision to create an issue with its links."""

    links: Mapping[LinkKind, LinkChange]

    def numbered(self, number: int) -> "NewIssue":
        changes = {**self.event.changes, "number": FieldChange(after=number)}
        event = replace(self.event, changes=changes)
        return replace(self, after=replace(self.after, number=number), event=event)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCreations:
    """One or many issues to create in a project, which is locked."""

    project: Project
    creator_id: UserId
    now: datetime
    ids: IdFactory
    states: Mapping[str, State]
    """States of the project by position, if a draft names none; other states are in `targets`."""
    targets: IssueTargets
    links: IssueLinks

    @classmethod
    async def load(
        cls,
        uow: IssueUow,
        actor: Actor,
        project: Project,
        drafts: Sequence[IssueDraft],
        *,
        ids: IdFactory,
        creator_id: UserId,
    ) -> "IssueCreations":
        """Reads what the drafts refer to."""
        now = uow.now
        named = {draft.state_id for draft in drafts}
        known = await uow.states.of(project) if None in named else ()
        states = {str(each.id): each for each in known}
        targets = await IssueTargets.load(
            uow,
            actor,
            state_ids={each for each in named if each is not None and each not in states},
            milestone_ids={draft.milestone_id for draft in drafts if draft.milestone_id is not None},
            parent_ids={draft.parent_id for draft in drafts if draft.parent_id is not None},
            project_ids=(project.id,),
        )
        return cls(
            project=project,
            creator_id=creator_id,
            now=now,
            ids=ids,
            states=states,
            targets=targets,
            links=await IssueLinks.of_new(uow, actor, project, [_links(draft) for draft in drafts]),
        )

    def decide(self, draft: IssueDraft) -> NewIssue:
        """The issue without its number; raises DomainError or Rejected if the draft breaks a rule."""
        project = self.project
        issue = Issue.drafted(
            draft,
            id=IssueId(self.ids.new_in(project.workspace_id, Issue.prefix)),
            project=project,
            state=self._state(draft.state_id),
            number=_UNNUMBERED,
            milestone=self.targets.milestone(draft.milestone_id, project_id=project.id),
            parent=self.targets.parent(draft.parent_id, workspace_id=project.workspace_id, project_id=project.id),
            creator_id=self.creator_id,
            now=self.now,
        )
        links = self.links.decide(issue, _links(draft))
        return NewIssue(after=issue, links=links, event=IssueCreated.between(None, issue, **as_changes(links)))

    async def save(self, uow: IssueUow, decided: Sequence[NewIssue]) -> Sequence[NewIssue]:
        """Stores the issues with the next numbers of the project, records their events, and returns them."""
        if not decided:
            return ()
        numbers = await uow.projects.next_numbers(self.project, len(decided))
        new = [each.numbered(number) for each, number in zip(decided, numbers, strict=True)]
        await uow.issues.add_all([each.after for each in new])
        await uow.issues.relink_all(self.project.workspace_id, by_kind((each.after, each.links) for each in new))
        for each in new:
            uow.record(each.event)
        return new

    def _state(self, state_id: str | None) -> State:
        """The named state; without one, the first that is not being deleted."""
        if state_id is None:
            return next(state for state in self.states.values() if state.deleting_since is None)
        state = self.states.get(state_id)
        if state is None:
            return self.targets.state(state_id, project_id=self.project.id)
        check_usable(state, ("state_id",))
        return state


def _links(draft: IssueDraft) -> Mapping[LinkKind, SetChange]:
    return {
        LinkKind.ASSIGNEES: SetChange(set=draft.assignee_ids),
        LinkKind.LABELS: SetChange(set=draft.label_ids),
    }
