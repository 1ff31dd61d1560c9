import asyncio
from collections.abc import Sequence
from typing import Annotated

import strawberry

from api.audit.types import ChangeBatch, ChangeSet
from api.shared.context import Info
from api.shared.fields import batched
from api.shared.scalars import Revision
from domain.audit import change_sets, model
from domain.audit.service import EVENTS_PER_POINT, MOST_EVENTS
from domain.workspaces.model import Workspace

DEFAULT_EVENTS = 100


@batched(
    graphql_type=ChangeBatch,
    at_most=MOST_EVENTS,
    per_point=EVENTS_PER_POINT,
    description="Changes made after a revision, oldest first. To read all changes, repeat the request with "
    "`upTo` as `after` until `hasMore` is false. 20 events cost 1 point, rounded up for each batch.",
)
async def workspace_changes(
    workspaces: Sequence[Workspace],
    info: Info,
    after: Annotated[
        Revision,
        strawberry.argument(
            description="Revision after which to start; 0 starts with the first change. Must not be above the current "
            "revision of the workspace. The error `REVISION_GONE` means that the next change has been deleted; "
            "`changesBeginAt` is the first one that is left."
        ),
    ],
    first: Annotated[
        int, strawberry.argument(description="Maximum number of events to return, 1 to 500. Default: 100.")
    ] = DEFAULT_EVENTS,
) -> Sequence[model.ChangeBatch]:
    return await info.context.app.audit.changes_of_workspaces(info.context.actor, workspaces, after=after, first=first)


@batched(
    graphql_type=Revision,
    description="First revision that the change log of the workspace still has. The server can delete old changes, and "
    "then `changes` refuses an `after` below `changesBeginAt` minus 1. The next revision if no change is left.",
)
async def workspace_changes_begin_at(workspaces: Sequence[Workspace], info: Info) -> Sequence[int]:
    return await info.context.app.audit.first_revisions_of_workspaces(info.context.actor, workspaces)


@batched(
    graphql_type=ChangeSet | None,
    description="The change set with a revision: what one request changed. Null if the revision is no change set, "
    "or if none of its events is visible to you.",
)
async def workspace_change_set(
    workspaces: Sequence[Workspace],
    info: Info,
    id: Annotated[
        Revision,
        strawberry.argument(
            description="`changeSet` of an event or `revision` of a payload. The error `REVISION_GONE` means that the "
            "change set has been deleted from the change log."
        ),
    ],
) -> Sequence[change_sets.ChangeSet | None]:
    return await info.context.app.change_sets.of_workspaces(info.context.actor, workspaces, revision=id)


def _revision(self: Workspace, info: Info) -> asyncio.Task[int]:
    # A task at once, neither `batched` nor `async`: it then has the connection before all other fields of the
    # workspace, whatever their order, and the objects that they show are not older than the revision.
    return asyncio.create_task(_read_revision(info, self))


async def _read_revision(info: Info, workspace: Workspace) -> int:
    [revision] = await info.context.app.read.workspaces.revisions_of_workspaces(info.context.actor, [workspace])
    return revision


workspace_revision = strawberry.field(
    resolver=_revision,
    graphql_type=Revision,
    description="Last revision of the change log of the workspace, 0 if it is empty. Read before all other fields that "
    "are selected under the workspace, so that it can be the `expectedRevision` of updates of the objects that they "
    "show.",
)
