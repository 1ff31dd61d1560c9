from collections.abc import Sequence
from typing import Annotated

import strawberry

from api.audit.types import ChangeBatch
from api.shared.context import Info
from api.shared.scalars import Revision
from domain.audit import model
from domain.workspaces.model import Workspace
from strawberry_compiled import batched

DEFAULT_EVENTS = 100


@batched(
    graphql_type=ChangeBatch,
    description="What happened after a revision, in order: read on from `upTo` until `hasMore` is false.",
)
async def workspace_changes(
    workspaces: Sequence[Workspace],
    info: Info,
    after: Annotated[Revision, strawberry.argument(description="The last revision that is known already; 0 for none.")],
    first: Annotated[int, strawberry.argument(description="How many events, 1 to 500.")] = DEFAULT_EVENTS,
) -> Sequence[model.ChangeBatch]:
    return await info.context.app.audit.changes_of(info.context.actor, workspaces, after=after, first=first)
