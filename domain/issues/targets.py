"""Objects that issues refer to, read once for many issues, and the rules for referring to them."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.issues.model import Issue
from domain.issues.ports import IssueUow
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput
from domain.shared.replacements import check_usable
from domain.shared.repositories import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueTargets:
    """Workflow states, milestones and parents that issues are to have; `projects` are those of parents elsewhere."""

    states: Found[State]
    milestones: Found[Milestone]
    parents: Found[Issue]
    projects: Found[Project]

    @classmethod
    async def load(
        cls,
        uow: IssueUow,
        actor: Actor,
        *,
        state_ids: Collection[str] = (),
        milestone_ids: Collection[str] = (),
        parent_ids: Collection[str] = (),
        project_ids: Collection[str] = (),
    ) -> "IssueTargets":
        """Reads what the actor may see of these; `project_ids` are the projects of the issues that get parents."""
        if not (state_ids or milestone_ids or parent_ids):
            return _NO_TARGETS  # most changes, which need no repositories of them
        states = await uow.states.find(actor, state_ids)
        milestones = await uow.milestones.find(actor, milestone_ids)
        parents = await uow.issues.find(actor, parent_ids)
        elsewhere = {parent.project_id for parent in parents if any(each != parent.project_id for each in project_ids)}
        projects = await uow.projects.find(actor, elsewhere)
        return cls(states=states, milestones=milestones, parents=parents, projects=projects)

    def state(self, state_id: str, *, project_id: str) -> State:
        """Raises InvalidInput for a state of another project, Conflict for one that is being deleted."""
        state = self.states.get(state_id, path=("state_id",))
        if state.project_id != project_id:
            raise InvalidInput(
                "The workflow state belongs to another project. Use a state of the issue's project.", path=("state_id",)
            )
        check_usable(state, ("state_id",))
        return state

    def milestone(self, milestone_id: str | None, *, project_id: str) -> Milestone | None:
        """Raises InvalidInput for a milestone of another project, Conflict for one that is being deleted."""
        if milestone_id is None:
            return None
        milestone = self.milestones.get(milestone_id, path=("milestone_id",))
        if milestone.project_id != project_id:
            raise InvalidInput(
                "The milestone belongs to another project. Use a milestone of the issue's project.",
                path=("milestone_id",),
            )
        check_usable(milestone, ("milestone_id",))
        return milestone

    def parent(self, parent_id: str | None, *, workspace_id: str, project_id: str) -> Issue | None:
        """Raises InvalidInput for a parent in another workspace, Conflict for one whose project is being deleted."""
        if parent_id is None:
            return None
        parent = self.parents.get(parent_id, path=("parent_id",))
        if parent.workspace_id != workspace_id:
            raise InvalidInput(
                "The parent belongs to another workspace. Use an issue of the same workspace.", path=("parent_id",)
            )
        if parent.project_id != project_id:
            self.projects.get(parent.project_id, path=("parent_id",)).check_usable(("parent_id",))
        return parent


_NO_TARGETS = IssueTargets(
    states=Found(State), milestones=Found(Milestone), parents=Found(Issue), projects=Found(Project)
)
