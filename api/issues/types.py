from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.accounts.types import User
from api.issues.history import IssueHistoryEntry, issue_history_query
from api.issues.inputs import issue_query, trash_query
from api.issues.priorities import Priority
from api.labels.types import Label
from api.milestones.types import Milestone
from api.projects.types import Project, State
from api.shared import loads
from api.shared.arguments import Identifier
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.fields import PLACE, batched
from api.shared.node import Node
from api.shared.parents import workspace_of
from domain.accounts.model import User as UserModel
from domain.audit.history import HistoryEntry
from domain.audit.queries import HistoryQuery
from domain.issues import model
from domain.issues.queries import IssueQuery
from domain.labels.model import Label as LabelModel
from domain.milestones.model import Milestone as MilestoneModel
from domain.projects.model import Project as ProjectModel
from domain.projects.ports import StateInProject
from domain.shared.pages import Page, PageRequest
from domain.workspaces.model import Workspace as WorkspaceModel
from strawberry_compiled import projection_of, related


def identifier_of(issue: model.Issue, place: StateInProject) -> str:
    return f"{place.project.key}-{issue.number}"


@strawberry.type(description="A unit of work in a project.")
class Issue(Node):
    describes = model.Issue
    is_read_as_rows = True

    number: int = strawberry.field(
        description="Number of the issue, unique in its project. Numbers are never reused. A move to another project "
        "gives the issue a new number."
    )
    identifier = related(
        "state_id",
        loads.states_in_projects,
        show=identifier_of,
        needs=("number",),
        needs_found=("project.key",),
        graphql_type=str,
        description="Human-readable identifier of the issue: the current key of its project and its number, such as "
        "`ENG-12`. Changes with the key of the project, and when the issue is moved to another project. The issue is "
        "found by its former identifiers too; see `previousIdentifiers`.",
    )
    title: str = strawberry.field(description="Title of the issue: one line of at most 255 characters.")
    description: str = strawberry.field(
        description="Description of the issue in Markdown, at most 256 KB. May be empty."
    )
    priority: Priority = strawberry.field(description="Priority of the issue.")
    start_date: date | None = strawberry.field(
        description="Date on which work on the issue is planned to start. Null if the issue has no start date."
    )
    due_date: date | None = strawberry.field(
        description="Date on which the issue is due. Null if the issue has no due date."
    )
    estimate: int | None = strawberry.field(
        description="Estimated size of the issue in a unit of the team's choice, 0 to 10,000. Null if the issue "
        "has no estimate."
    )
    external_source: str | None = strawberry.field(
        description="Tracker that the issue was imported from, such as `jira` or `github`. Null if the issue was "
        "not imported."
    )
    external_key: str | None = strawberry.field(
        description="Key of the issue in the tracker that it was imported from. Null if the issue was not imported."
    )
    completed_at: datetime | None = strawberry.field(
        description="Time when the issue entered a state of the category `COMPLETED` or `CANCELED`. Null while the "
        "issue is open."
    )
    archived_at: datetime | None = strawberry.field(
        description="Time when the issue was archived. Null if it is not archived."
    )
    trashed_at: datetime | None = strawberry.field(
        description="Time when the issue was moved to the trash. Null if it is not in the trash."
    )
    created_at: datetime = strawberry.field(description="Time when the issue was created.")
    updated_at: datetime = strawberry.field(
        description="Time when the issue was last changed. Comments do not count as changes."
    )
    state = related(
        "state_id",
        loads.states_in_projects,
        pick="state",
        graphql_type=State,
        description="Workflow state that the issue is in.",
    )
    project = related(
        "state_id",
        loads.states_in_projects,
        pick="project",
        graphql_type=Project,
        description="The project that the issue belongs to.",
    )
    milestone = related(
        "milestone_id",
        loads.milestones,
        graphql_type=Milestone | None,
        description="Milestone that the issue is assigned to. Null if the issue has no milestone.",
    )
    creator = related("creator_id", loads.users, graphql_type=User, description="The user who created the issue.")
    parent = related(
        "parent_id",
        loads.issues,
        graphql_type=Annotated["Issue", strawberry.lazy("api.issues.types")] | None,
        description="Parent of the issue. Null if the issue has no parent or the parent is not visible to you.",
    )

    @batched(
        graphql_type=list[User],
        at_most=model.MOST_ASSIGNEES,
        needs=PLACE,
        description="Users who are assigned to the issue, by name, at most 20.",
    )
    async def assignees(issues: Sequence[model.Issue], info: Info) -> Sequence[Sequence[UserModel]]:
        reader = info.context.app.read.issues
        return await reader.assignees_of_issues(info.context.actor, issues, projection_of(info))

    @batched(
        graphql_type=list[Label],
        at_most=model.MOST_LABELS,
        needs=PLACE,
        description="Labels of the issue, by name, at most 50.",
    )
    async def labels(issues: Sequence[model.Issue], info: Info) -> Sequence[Sequence[LabelModel]]:
        return await info.context.app.read.issues.labels_of_issues(info.context.actor, issues, projection_of(info))

    @batched(
        graphql_type=list[str],
        at_most=model.MOST_PREVIOUS_IDENTIFIERS,
        needs=(*PLACE, "project_id", "number"),
        description="Former identifiers of the issue, newest first, at most 20: those that it had before it was moved "
        "to its project, and before the key of its project changed. A key that a former project got after the issue "
        "had left is not listed, though it finds the issue. Identifiers in deleted projects, and in projects that are "
        "not visible to you, are excluded.",
    )
    async def previous_identifiers(issues: Sequence[model.Issue], info: Info) -> Sequence[Sequence[str]]:
        return await info.context.app.read.issues.previous_identifiers_of_issues(info.context.actor, issues)

    @connection(
        Annotated["Issue", strawberry.lazy("api.issues.types")],
        query=issue_query,
        needs=PLACE,
        description="Sub-issues of the issue, newest first unless `sort` is given. Trashed issues are excluded, "
        "and archived ones unless `includeArchived` is true.",
    )
    async def children(
        issues: Sequence[model.Issue], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.read.issues.children_of_issues(info.context.actor, issues, query, request)

    @connection(
        IssueHistoryEntry,
        query=issue_history_query,
        needs=PLACE,
        description="History of the issue and its comments, oldest entry first. Entries without a change that is "
        "visible to you are left out and not counted. Begins later if the server deletes old changes; see "
        "`changesBeginAt` of the workspace.",
    )
    async def history(
        issues: Sequence[model.Issue], info: Info, query: HistoryQuery, request: PageRequest
    ) -> Sequence[Page[HistoryEntry]]:
        return await info.context.app.read.histories.of_subjects(info.context.actor, issues, query, request)


@strawberry.type
class WorkspaceIssues:
    """The fields of `Workspace` that lead to its issues."""

    @strawberry.field(
        graphql_type=Issue | None,
        description="Find an issue of the workspace by identifier, including archived and trashed issues. A former "
        "identifier of an issue finds it too, unless another issue has it now. Null if the issue does not exist or is "
        "not visible to you.",
    )
    async def issue(self, info: Info, identifier: Identifier) -> model.Issue | None:
        return await info.context.app.read.issues.by_identifier(info.context.actor, workspace_of(self), identifier)

    @connection(
        Issue,
        query=issue_query,
        description="Issues of the workspace, newest first unless `sort` is given. Trashed issues are excluded, "
        "and archived ones unless `includeArchived` is true.",
    )
    async def issues(
        workspaces: Sequence[WorkspaceModel], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.read.issues.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(
        Issue,
        query=trash_query,
        description="Issues in the trash of the workspace, newest first unless `sort` is given. Archived issues "
        "are included.",
    )
    async def trash(
        workspaces: Sequence[WorkspaceModel], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.read.issues.of_workspaces(info.context.actor, workspaces, query, request)


@strawberry.type
class ProjectIssues:
    """The field of `Project` that leads to its issues."""

    @connection(
        Issue,
        query=issue_query,
        needs=PLACE,
        description="Issues of the project, newest first unless `sort` is given. Trashed issues are excluded, and "
        "archived ones unless `includeArchived` is true.",
    )
    async def issues(
        projects: Sequence[ProjectModel], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.read.issues.of_projects(info.context.actor, projects, query, request)


@strawberry.type
class MilestoneIssues:
    """The field of `Milestone` that leads to its issues."""

    @connection(
        Issue,
        query=issue_query,
        needs=PLACE,
        description="Issues of the milestone, newest first unless `sort` is given. Trashed issues are excluded, "
        "and archived ones unless `includeArchived` is true.",
    )
    async def issues(
        milestones: Sequence[MilestoneModel], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.read.issues.of_milestones(info.context.actor, milestones, query, request)
