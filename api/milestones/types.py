from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.issues.inputs import issue_query
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from domain.issues.model import Issue as IssueModel
from domain.issues.queries import IssueQuery
from domain.milestones import model
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import related

if TYPE_CHECKING:
    from api.issues.types import Issue
    from api.projects.types import Project


@strawberry.type(description="What a project wants to have done, and by when.")
class Milestone(Node):
    describes = model.Milestone

    name: str = strawberry.field(description="Unique in the project.")
    due_date: date | None = strawberry.field(description="When it is due.")
    created_at: datetime = strawberry.field(description="When the milestone was made.")
    updated_at: datetime = strawberry.field(description="When the milestone was last changed.")
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project that it belongs to.",
    )

    @connection(
        Annotated["Issue", strawberry.lazy("api.issues.types")],
        query=issue_query,
        description="Its issues, newest first unless sorted otherwise; without archived and trashed ones.",
    )
    async def issues(
        milestones: Sequence[model.Milestone], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.issues.of_milestones(info.context.actor, milestones, query, request)
