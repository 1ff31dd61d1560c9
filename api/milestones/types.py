from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.batches.types import deletion_of, replacement_of
from api.milestones.inputs import milestone_query
from api.projects.types import Project
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.fields import PLACE
from api.shared.node import Node
from domain.milestones import model
from domain.milestones.queries import MilestoneQuery
from domain.projects.model import Project as ProjectModel
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import related


@strawberry.type(description="A goal of a project with an optional due date. Issues can be assigned to it.")
class Milestone(Node):
    describes = model.Milestone
    is_read_as_rows = True

    name: str = strawberry.field(description="Name of the milestone, unique in the project, at most 80 characters.")
    due_date: date | None = strawberry.field(
        description="Date on which the milestone is due. Null if it has no due date."
    )
    created_at: datetime = strawberry.field(description="Time when the milestone was created.")
    updated_at: datetime = strawberry.field(description="Time when the milestone was last changed.")
    deleting_since: datetime | None = deletion_of("milestone", rows="issues")
    replaced_by = replacement_of(
        "milestone",
        loads.milestones,
        Annotated["Milestone", strawberry.lazy("api.milestones.types")] | None,
        rows="issues",
    )
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Project,
        description="The project that the milestone belongs to.",
    )


@strawberry.type
class ProjectMilestones:
    """The field of `Project` that leads to its milestones."""

    @connection(
        Milestone,
        query=milestone_query,
        needs=PLACE,
        description="Milestones of the project, earliest due date first unless `sort` is given.",
    )
    async def milestones(
        projects: Sequence[ProjectModel], info: Info, query: MilestoneQuery, request: PageRequest
    ) -> Sequence[Page[model.Milestone]]:
        return await info.context.app.read.milestones.of_projects(info.context.actor, projects, query, request)
