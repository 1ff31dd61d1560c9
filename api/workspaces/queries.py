import strawberry

from api.shared.arguments import Slug
from api.shared.context import Info
from api.shared.pages import After, Before, Connection, First, Last, page_request
from api.workspaces.types import Workspace
from domain.shared.pages import Page
from domain.workspaces import model


@strawberry.type
class WorkspaceQueries:
    @strawberry.field(
        graphql_type=Workspace | None,
        description="Find a workspace by slug. Null if it does not exist or you are not a member.",
    )
    async def workspace(self, info: Info, slug: Slug) -> model.Workspace | None:
        return await info.context.app.read.workspaces.by_slug(info.context.actor, slug)

    @strawberry.field(graphql_type=Connection[Workspace], description="Workspaces that you are a member of, by slug.")
    async def workspaces(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Page[model.Workspace]:
        request = page_request(info, first, after, last, before)
        return await info.context.app.read.workspaces.page(info.context.actor, request)
