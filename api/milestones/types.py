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


@strawberry.type(description="A goal of a project with an optional due date. Issues can be assigned to it.")
class Milestone(Node):
    describes = model.Milestone

    name: str = strawberry.field(description="Name of the milestone, unique in the project, at most 80 characters.")
    due_date: date | None = strawberry.field(
        description="Date on which the milestone is due. Null if it has no due date."
    )
    created_at: datetime = strawberry.field(description="Time when the milestone was created.")
    updated_at: datetime = strawberry.field(description="Time when the milestone was last changed.")
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project that the milestone belongs to.",
    )

    @connection(
        Annotated["Issue", strawberry.lazy("api.issues.types")],
        query=issue_query,
        description="Issues of the milestone, newest first unless `sort` is given. Trashed issues are excluded, "
        "and archived ones unless `includeArchived` is true.",
    )
    async def issues(
        milestones: Sequence[model.Milestone], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.read.issues.of_milestones(info.context.actor, milestones, query, request)
