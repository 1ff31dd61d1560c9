from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.accounts.types import User
from api.comments.inputs import comment_query
from api.comments.types import Comment
from api.issues.inputs import issue_query
from api.labels.types import Label
from api.milestones.types import Milestone
from api.projects.types import Project, State
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from domain.accounts.model import User as UserModel
from domain.comments.model import Comment as CommentModel
from domain.comments.queries import CommentQuery
from domain.issues import model
from domain.issues.priorities import Priority
from domain.issues.queries import IssueQuery
from domain.labels.model import Label as LabelModel
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import batched, related


@strawberry.type(description="A unit of work in a project.")
class Issue(Node):
    describes = model.Issue

    number: int = strawberry.field(description="Its number in the project; numbers are never used again.")
    identifier: str = strawberry.field(description="The project's key and the number, such as ENG-12.")
    title: str = strawberry.field(description="One line.")
    description: str = strawberry.field(description="Markdown, possibly empty.")
    priority: Priority = strawberry.field(description="How urgent it is.")
    start_date: date | None = strawberry.field(description="When work on it is to begin.")
    due_date: date | None = strawberry.field(description="When it is due.")
    estimate: int | None = strawberry.field(description="Its size in the team's own unit.")
    external_source: str | None = strawberry.field(description="The tracker that it was imported from.")
    external_key: str | None = strawberry.field(description="Its key in that tracker.")
    completed_at: datetime | None = strawberry.field(description="When it entered a completed or canceled state.")
    archived_at: datetime | None = strawberry.field(description="When it was archived.")
    trashed_at: datetime | None = strawberry.field(description="When it was put into the trash.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed; comments do not count.")
    state = related(
        "state_id", loads.places, pick="state", graphql_type=State, description="Where it is in the workflow."
    )
    project = related(
        "state_id", loads.places, pick="project", graphql_type=Project, description="The project it is in."
    )
    milestone = related(
        "milestone_id", loads.milestones, graphql_type=Milestone | None, description="The milestone it is planned for."
    )
    creator = related("creator_id", loads.users, graphql_type=User, description="Who reported it.")
    parent = related(
        "parent_id",
        loads.issues,
        graphql_type=Annotated["Issue", strawberry.lazy("api.issues.types")] | None,
        description="The issue that it is a part of.",
    )

    @batched(graphql_type=list[User], description="The people who are to do it, by name, at most 20.")
    async def assignees(issues: Sequence[model.Issue], info: Info) -> Sequence[Sequence[UserModel]]:
        return await info.context.app.issues.assignees_of(info.context.actor, issues)

    @batched(graphql_type=list[Label], description="Its labels by name, at most 50.")
    async def labels(issues: Sequence[model.Issue], info: Info) -> Sequence[Sequence[LabelModel]]:
        return await info.context.app.issues.labels_of(info.context.actor, issues)

    @connection(Comment, query=comment_query, description="What was said on it, oldest first.")
    async def comments(
        issues: Sequence[model.Issue], info: Info, query: CommentQuery, request: PageRequest
    ) -> Sequence[Page[CommentModel]]:
        return await info.context.app.comments.of_issues(info.context.actor, issues, query, request)

    @connection(
        Annotated["Issue", strawberry.lazy("api.issues.types")],
        query=issue_query,
        description="The issues that are parts of it, newest first unless sorted otherwise.",
    )
    async def children(
        issues: Sequence[model.Issue], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[model.Issue]]:
        return await info.context.app.issues.under(info.context.actor, issues, query, request)
