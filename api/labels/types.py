from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from api.batches.types import deletion_of, replacement_of
from api.labels.inputs import label_query
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from domain.labels import model
from domain.labels.queries import LabelQuery
from domain.shared.pages import Page, PageRequest
from domain.workspaces.model import Workspace as WorkspaceModel


@strawberry.type(description="A label that can be attached to any issue of a workspace.")
class Label(Node):
    describes = model.Label
    is_read_as_rows = True

    name: str = strawberry.field(description="Name of the label, unique in the workspace, at most 80 characters.")
    color: str = strawberry.field(description="Color of the label as a hexadecimal code such as `#5e6ad2`.")
    description: str | None = strawberry.field(
        description="Explanation of when to use the label, at most 255 characters. Null if there is none."
    )
    deleting_since: datetime | None = deletion_of("label", rows="issues")
    replaced_by = replacement_of(
        "label", loads.labels, Annotated["Label", strawberry.lazy("api.labels.types")] | None, rows="issues"
    )
    created_at: datetime = strawberry.field(description="Time when the label was created.")
    updated_at: datetime = strawberry.field(description="Time when the label was last changed.")


@strawberry.type
class WorkspaceLabels:
    """The field of `Workspace` that lists its labels."""

    @connection(Label, query=label_query, description="Labels of the workspace, by name unless `sort` is given.")
    async def labels(
        workspaces: Sequence[WorkspaceModel], info: Info, query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[model.Label]]:
        return await info.context.app.read.labels.of_workspaces(info.context.actor, workspaces, query, request)
