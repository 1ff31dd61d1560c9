from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.connections import connection, everything
from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.fields import batched
from api.shared.node import Node
from api.shared.progress import Progress
from api.shared.scalars import Revision
from domain.shared.pages import Page, PageRequest
from domain.transfers import model
from domain.transfers.model import ImportFormat, ImportState
from domain.transfers.queries import MOST_KINDS
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace as WorkspaceModel
from strawberry_compiled import related

describe_enum(
    ImportState,
    name="ImportState",
    description="Status of an import.",
    WAITING="Waiting for a worker to start.",
    RUNNING="Being processed, or waiting to be continued.",
    DONE="The whole file was read. `losses` lists what was not imported.",
    FAILED="The import ended early, or no issue of the file could be read. `failure` gives the reason.",
)
describe_enum(
    LossCode,
    name="ImportLossCode",
    description="Reason why a value of the file was not imported, or not imported unchanged.",
    UNREADABLE="The value does not match the format, or cannot be stored.",
    MISSING="A required value is missing from the file and was replaced by a default.",
    WRONG_TYPE="The value has a different type than the format specifies.",
    OUT_OF_RANGE="The value is too large, too small, too early or too late.",
    REPLACED="Characters that cannot be stored were replaced.",
    CUT="Text was cut because it was longer than the limit.",
    TOO_MANY="Items beyond the maximum number were left out.",
    RESTRICTED="The item is restricted in the other tracker, and `includeRestricted` was false.",
    UNUSED="Members of JSON objects that imports do not use. Counted in `lossKinds`, but not listed in `losses`.",
    INCOMPLETE="The file announces more items than it contains.",
    DUPLICATE="The item occurs more than once in the file.",
    NOT_KEPT="Workgraph cannot represent the value.",
)


LOSS_COUNT = "Number of losses, including those that `losses` omits because it lists at most 10,000 of each kind."
LOSS_KINDS = (
    "Losses by field and reason, most frequent first, with `UNUSED` last. At most 250 kinds; "
    "further kinds are left out."
)


@strawberry.type(description="A value of the file that was not imported, or not imported unchanged.")
class ImportLoss:
    describes = model.ImportLoss

    line: int = strawberry.field(description="Line of the file that contains the value, starting at 1.")
    key: str | None = strawberry.field(
        description="Key of the issue in the other tracker. Null if the loss does not belong to an issue."
    )
    field: str = strawberry.field(
        description="Name of the lost field, such as `comments.body`; `issue` if the whole issue is lost."
    )
    code: LossCode = strawberry.field(description="Machine-readable reason for the loss.")
    reason: str = strawberry.field(description="Human-readable reason for the loss.")
    count: int = strawberry.field(description="Number of lost values that the entry covers.")


@strawberry.type(description="Summary of all losses of one field for one reason.")
class ImportLossKind:
    describes = model.LossKind

    field: str = strawberry.field(
        description="Name of the lost field, such as `comments.body`; `issue` if whole issues are lost."
    )
    code: LossCode = strawberry.field(description="Machine-readable reason for the losses.")
    places: int = strawberry.field(description="Number of places in the file with a loss of this kind.")
    count: int = strawberry.field(description="Number of values that are lost.")
    first_line: int = strawberry.field(description="Line of the file with the first loss of this kind, starting at 1.")
    first_reason: str = strawberry.field(description="Human-readable reason for the first loss of this kind.")


@strawberry.type(description="A name in the file and the object or value that it was mapped to.")
class ImportMapping:
    describes = model.ImportMapping

    kind: str = strawberry.field(description="Kind of the name: site, project, state, status, priority or label.")
    source: str = strawberry.field(description="Name as it appears in the file.")
    target: str = strawberry.field(description="Name of the object or value that `source` was mapped to.")
    count: int = strawberry.field(description="Number of issues that the mapping was applied to.")


@strawberry.type(description="An import of a file into a workspace, with its progress and result.")
class ImportRun(Node):
    describes = model.ImportRun

    format: ImportFormat = strawberry.field(description="Format of the imported file.")
    file_name: str = strawberry.field(description="Name of the imported file.")
    project_key: str | None = strawberry.field(
        description="Key of the project that the import was started for. Null if the file determines the projects."
    )
    site: str | None = strawberry.field(
        description="Name of the installation that the import was started with, in lower case. Null if the host of "
        "each record's address is used."
    )
    include_restricted: bool = strawberry.field(
        description="Whether issues and comments that are restricted in the other tracker are imported."
    )
    state: ImportState = strawberry.field(description="Status of the import.")
    failure: str | None = strawberry.field(description="Reason for the failure. Null unless `state` is `FAILED`.")
    progress: Progress = strawberry.field(description="Progress of the import; its items are the issues of the file.")
    issues_read: int = strawberry.field(description="Number of issues read from the file so far.")
    issues_created: int = strawberry.field(description="Number of issues that the import created.")
    issues_changed: int = strawberry.field(description="Number of previously imported issues that the file changed.")
    issues_unchanged: int = strawberry.field(
        description="Number of previously imported issues that the file does not change."
    )
    comments_read: int = strawberry.field(description="Number of comments read from the file so far.")
    comments_created: int = strawberry.field(description="Number of comments that the import created.")
    comments_changed: int = strawberry.field(
        description="Number of previously imported comments that the file changed."
    )
    comments_unchanged: int = strawberry.field(
        description="Number of previously imported comments that the file does not change."
    )
    people_created: int = strawberry.field(
        description="Number of placeholder users created for people who are not members."
    )
    labels_created: int = strawberry.field(description="Number of labels that the import created.")
    loss_count: int = strawberry.field(description=LOSS_COUNT)
    created_at: datetime = strawberry.field(description="Time when the import was started.")
    updated_at: datetime = strawberry.field(description="Time of the last progress of the import.")
    finished_at: datetime | None = strawberry.field(
        description="Time when the import was done or failed. Null while it is unfinished."
    )
    change_set: Revision = strawberry.field(
        description="`changeSet` of all events of the import: the revision of the mutation that started it."
    )
    started_by = related(
        "started_by_id", loads.users, graphql_type=User, description="The user who started the import."
    )

    @connection(
        ImportLoss,
        query=everything,
        description="Values of the file that were not imported or were changed, in the order of the file.",
    )
    async def losses(
        runs: Sequence[model.ImportRun], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.ImportLoss]]:
        return await info.context.app.read.imports.losses_of_runs(info.context.actor, runs, request)

    @batched(graphql_type=list[ImportLossKind], at_most=MOST_KINDS, description=LOSS_KINDS)
    async def loss_kinds(runs: Sequence[model.ImportRun], info: Info) -> Sequence[Sequence[model.LossKind]]:
        return await info.context.app.read.imports.loss_kinds_of_runs(info.context.actor, runs)

    @connection(
        ImportMapping,
        query=everything,
        description="Names of the file and the objects or values that they were mapped to, by kind and name.",
    )
    async def mappings(
        runs: Sequence[model.ImportRun], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.ImportMapping]]:
        return await info.context.app.read.imports.mappings_of_runs(info.context.actor, runs, request)


@strawberry.type
class WorkspaceImports:
    """The field of `Workspace` that lists the imports into it."""

    @connection(ImportRun, query=everything, description="Imports into the workspace, newest first. Empty for guests.")
    async def imports(
        workspaces: Sequence[WorkspaceModel], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.ImportRun]]:
        return await info.context.app.read.imports.of_workspaces(info.context.actor, workspaces, request)
