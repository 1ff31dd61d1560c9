"""Moves of issues to another project: what they need is read once for all issues, then each is decided by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.issues.commands import IssueChanges, IssueMove
from domain.issues.model import Issue
from domain.issues.ports import IssueUow
from domain.projects.model import Project, ProjectId, State
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.replacements import check_usable
from domain.shared.repositories import Found
from domain.shared.unset import UNSET

_PROJECT = ("move", "project_id")
_STATE = ("move", "state", "id")


async def lock_projects(
    uow: IssueUow, actor: Actor, issue_ids: Collection[str], changes: IssueChanges, *, within: str | None = None
) -> Found[Project]:
    """Locks the projects that issues leave and enter by a move, before the issues are locked, as everywhere."""
    if changes.move is UNSET:
        return Found(Project)
    left = {issue.project_id for issue in await uow.issues.find(actor, issue_ids, within=within)}
    return await uow.projects.find(actor, {changes.move.project_id, *left}, for_update=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMoves:
    """One move of one or many issues of a workspace, or none."""

    move: IssueMove | None
    now: datetime
    projects: Found[Project]
    states: Found[State] = field(default_factory=lambda: Found(State))
    """States of the new project, and the present states of the issues."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    """Projects that issues leave, by issue."""

    @classmethod
    async def load(
        cls, uow: IssueUow, actor: Actor, issues: Sequence[Issue], changes: IssueChanges, projects: Found[Project]
    ) -> "IssueMoves":
        """Reads what the move needs, and takes the new numbers; `projects` are those that `lock_projects` locked."""
        if changes.move is UNSET:
            return cls(move=None, now=uow.now, projects=projects)
        if changes.state_id is not UNSET:
            raise InvalidInput(
                "{field} cannot be combined with {other}. Set the state of the move instead.",
                path=("state_id",),
                other="move",
            )
        move = changes.move
        moving = [issue for issue in issues if issue.project_id != move.project_id]
        project = next((each for each in projects if each.id == move.project_id), None)
        if not moving or project is None:
            return cls(move=move, now=uow.now, projects=projects)
        return await cls._loaded(uow, actor, moving, move, project, projects)

    @classmethod
    async def _loaded(
        cls,
        uow: IssueUow,
        actor: Actor,
        moving: Sequence[Issue],
        move: IssueMove,
        project: Project,
        projects: Found[Project],
    ) -> "IssueMoves":
        if move.state.id is not None:
            states: Found[State] = await uow.states.find(actor, {move.state.id})
        else:
            present = {issue.state_id for issue in moving}
            states = Found.of(State, await uow.states.of(project, and_ids=present))
        numbers = await uow.projects.next_numbers(project, len(moving))
        return cls(
            move=move,
            now=uow.now,
            projects=projects,
            states=states,
            numbers={issue.id: number for issue, number in zip(moving, numbers, strict=True)},
            left={issue.id: issue.project_id for issue in moving},
        )

    def ahead(self, issue: Issue) -> Issue:
        """The issue in its new project, but with its old state and number, for reading what else it needs there."""
        if self.move is None or issue.project_id == self.move.project_id:
            return issue
        return replace(issue, project_id=ProjectId(self.move.project_id), milestone_id=None)

    def decide(self, issue: Issue) -> Issue:
        """The issue in its new project; unchanged if it is there already. Raises DomainError if it may not be there."""
        if self.move is None or issue.project_id == self.move.project_id:
            return issue
        project = self.projects.get(self.move.project_id, path=_PROJECT)
        if project.workspace_id != issue.workspace_id:
            raise InvalidInput(
                "The project belongs to another workspace. Use a project of the issue's workspace.", path=_PROJECT
            )
        project.check_usable(_PROJECT)
        if project.archived_at is not None:
            raise Conflict("This project is archived. Restore it first.", path=_PROJECT)
        state = self._state_of(issue, self.move.state.id, project)
        return issue.moved_into(project, state, number=self.numbers[issue.id], now=self.now)

    def _state_of(self, issue: Issue, state_id: str | None, project: Project) -> State:
        if state_id is not None:
            state = self.states.get(state_id, path=_STATE)
            if state.project_id != project.id:
                raise InvalidInput(
                    "The workflow state belongs to another project. Use a state of the new project.", path=_STATE
                )
            check_usable(state, _STATE)
            return state
        usable = (state for state in self.states if state.project_id == project.id and state.deleting_since is None)
        return matching(self.states.get(issue.state_id), usable)


def matching(state: State, others: Iterable[State]) -> State:
    """The state of that name in any letter case, or else the first of the category, or else the first."""
    ordered = sorted(others, key=lambda other: other.position)
    named = (other for other in ordered if other.name.casefold() == state.name.casefold())
    alike = (other for other in ordered if other.category is state.category)
    return next(named, None) or next(alike, None) or ordered[0]
