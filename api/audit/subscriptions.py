from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from api.audit.types import ChangeBatch
from api.shared.arguments import Slug
from api.shared.context import Info
from api.shared.scalars import Revision
from domain.audit import model
from domain.audit.service import event_points
from domain.shared.errors import NotFound


@strawberry.type
class AuditSubscriptions:
    @strawberry.subscription(
        graphql_type=ChangeBatch,
        description="Changes in a workspace: first those made after a revision, then each new change as it is "
        "made. 20 events cost 1 point, rounded up for each batch. The subscription ends when you lose access to "
        "the workspace.",
    )
    async def changes(
        self,
        info: Info,
        workspace: Slug,
        after: Annotated[
            Revision | None,
            strawberry.argument(
                description="Revision after which to start. Null starts with the next change. Must not be above the "
                "current revision of the workspace. The error `REVISION_GONE` means that the next change has been "
                "deleted; `changesBeginAt` of the workspace is the first one that is left."
            ),
        ] = None,
    ) -> AsyncGenerator[model.ChangeBatch, None]:
        context = info.context
        found = await context.app.read.workspaces.by_slug(context.actor, workspace)
        if found is None:
            raise NotFound("This workspace does not exist or is not visible to you.", path=("workspace",))
        # Pass a function, not the actor: the socket replaces the actor when its roles change.
        async with aclosing(context.app.audit.follow(lambda: context.actor, found.id, after=after)) as batches:
            async for batch in batches:
                context.rows_read += event_points(batch.read_count)
                yield batch
