"""Turns what was planned into entities with ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.accounts.model import User, UserId
from domain.comments.commands import CommentDraft
from domain.comments.model import Comment, CommentId
from domain.issues.commands import IssueDraft
from domain.issues.model import Issue, IssueId
from domain.labels.commands import LabelDraft
from domain.labels.model import Label, LabelId
from domain.projects.commands import ProjectDraft, StateDraft
from domain.projects.model import DEFAULT_STATES, Project, ProjectId, ProjectMember, ProjectMemberId, State, StateId
from domain.seed.generator import PARENT_WINDOW
from domain.seed.model import Plan, PlannedIssue, PlannedPerson, StoredScene
from domain.shared.actor import Role
from domain.shared.ids import IdFactory
from domain.shared.replacements import in_use, usable
from domain.workspaces.commands import WorkspaceDraft
from domain.workspaces.model import Member, MemberId, Workspace, WorkspaceId


class Scene:
    """A demo workspace; its lists are in the order of the plan, `states` by project.

    A label is null if it was deleted, or is being deleted, since the run was interrupted.
    """

    def __init__(
        self,
        ids: IdFactory,
        *,
        workspace: Workspace,
        people: Sequence[User],
        labels: Sequence[Label | None],
        projects: Sequence[Project],
        states: Sequence[Sequence[State]],
    ) -> None:
        self._ids = ids
        self.workspace = workspace
        self.people = people
        self.labels = labels
        self.projects = projects
        self.states = states
        self._possible_parents: dict[tuple[int, int], IssueId] = {}

    @classmethod
    def of_stored(cls, plan: Plan, ids: IdFactory, stored: StoredScene, *, owner: User) -> "Scene":
        """The scene of an interrupted run."""
        people = {person.email: person for person in stored.people}
        labels = {label.name: label for label in stored.labels}
        labels_by_id: dict[str, Label] = {label.id: label for label in stored.labels}
        states_by_id: dict[str, State] = {state.id: state for state in stored.states}
        projects = {project.key: project for project in stored.projects}
        states = {(state.project_id, state.position): state for state in stored.states}
        ordered = [projects[project.key] for project in plan.projects]
        return cls(
            ids,
            workspace=stored.workspace,
            people=[owner, *(people[person.email] for person in plan.people[1:])],
            labels=[
                usable(labels[label.name], labels_by_id) if label.name in labels else None for label in plan.labels
            ],
            projects=ordered,
            states=[
                [in_use(states[project.id, place], states_by_id) for place in range(len(DEFAULT_STATES))]
                for project in ordered
            ],
        )

    def remember_parents(self, project: int, issues: Mapping[int, IssueId]) -> None:
        """Lets stored issues of a project, by number, be parents of the following ones."""
        self._possible_parents |= {(project, number): issue_id for number, issue_id in issues.items()}

    def label_ids(self, planned: PlannedIssue) -> list[str]:
        """IDs of the issue's labels, each once: one label may have replaced another."""
        return sorted({label.id for place in planned.labels if (label := self.labels[place]) is not None})

    def issue(self, planned: PlannedIssue) -> Issue:
        draft = IssueDraft(
            title=planned.title,
            description=planned.description,
            priority=planned.priority,
            due_date=planned.due_date,
            estimate=planned.estimate,
        )
        issue = Issue.drafted(
            draft,
            id=IssueId(self._ids.new_in(self.workspace.id, Issue.prefix)),
            project=self.projects[planned.project],
            state=self.states[planned.project][planned.state],
            number=planned.number,
            creator_id=self.people[planned.creator].id,
            now=planned.created_at,
        )
        issue = replace(
            issue,
            parent_id=self._parent_id(planned),
            completed_at=planned.completed_at,
            updated_at=planned.updated_at,
        )
        self._possible_parents[planned.project, planned.number] = issue.id
        self._possible_parents.pop((planned.project, planned.number - PARENT_WINDOW), None)
        return issue

    def comments(self, planned: PlannedIssue, issue: Issue) -> Sequence[Comment]:
        return [
            Comment.drafted(
                CommentDraft(issue_id=issue.id, body=comment.body),
                id=CommentId(self._ids.new_in(self.workspace.id, Comment.prefix)),
                issue=issue,
                author_id=self.people[comment.author].id,
                now=comment.created_at,
            )
            for comment in planned.comments
        ]

    def _parent_id(self, planned: PlannedIssue) -> IssueId | None:
        if planned.parent_number is None:
            return None
        return self._possible_parents[planned.project, planned.parent_number]


class NewScene:
    """A demo workspace that is not stored yet, with the members of its people."""

    def __init__(self, plan: Plan, ids: IdFactory, *, slug: str, owner: User) -> None:
        self._ids = ids
        self._now = plan.begins_at
        draft = WorkspaceDraft(slug=slug, name=plan.name)
        self.workspace = Workspace.drafted(draft, id=WorkspaceId(ids.new(Workspace.prefix)), now=self._now)
        people = [owner, *(self._person(person) for person in plan.people[1:])]
        self.members = [self._member(user, person.role) for user, person in zip(people, plan.people, strict=True)]
        projects = [
            self._project(ProjectDraft(workspace_id=self.workspace.id, key=project.key, name=project.name))
            for project in plan.projects
        ]
        self.guest_places = [
            self._guest_place(projects[0], member) for member in self.members if member.role is Role.GUEST
        ]
        self.scene = Scene(
            ids,
            workspace=self.workspace,
            people=people,
            labels=[
                self._label(LabelDraft(name=label.name, color=label.color, description=label.description))
                for label in plan.labels
            ],
            projects=projects,
            states=[self._states_of(project) for project in projects],
        )

    def _guest_place(self, project: Project, guest: Member) -> ProjectMember:
        place_id = ProjectMemberId(self._ids.new_in(self.workspace.id, ProjectMember.prefix))
        return ProjectMember.joining(project, guest, id=place_id, now=self._now)

    def _person(self, person: PlannedPerson) -> User:
        return User(
            id=UserId(self._ids.new(User.prefix)),
            name=person.name,
            email=person.email,
            is_placeholder=False,
            created_at=self._now,
            updated_at=self._now,
        )

    def _member(self, user: User, role: Role) -> Member:
        return Member(
            id=MemberId(self._ids.new_in(self.workspace.id, Member.prefix)),
            workspace_id=self.workspace.id,
            user_id=user.id,
            role=role,
            created_at=self._now,
            updated_at=self._now,
        )

    def _label(self, draft: LabelDraft) -> Label:
        return Label.drafted(
            draft,
            id=LabelId(self._ids.new_in(self.workspace.id, Label.prefix)),
            workspace=self.workspace,
            now=self._now,
        )

    def _project(self, draft: ProjectDraft) -> Project:
        project_id = ProjectId(self._ids.new_in(self.workspace.id, Project.prefix))
        return Project.drafted(draft, id=project_id, workspace=self.workspace, now=self._now)

    def _states_of(self, project: Project) -> list[State]:
        return [
            State.drafted(
                StateDraft(project_id=project.id, name=name, category=category, color=color),
                id=StateId(self._ids.new_in(self.workspace.id, State.prefix)),
                project=project,
                position=position,
                now=self._now,
            )
            for position, (name, category, color) in enumerate(DEFAULT_STATES)
        ]
