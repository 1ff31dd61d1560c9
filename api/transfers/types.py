from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.node import Node
from api.transfers.inputs import everything
from domain.shared import jobs
from domain.shared.pages import Page, PageRequest
from domain.transfers import model
from domain.transfers.model import ImportFormat, ImportState
from domain.transfers.records import LossCode
from strawberry_compiled import batched, related

describe_enum(
    ImportState,
    name="ImportState",
    description="How an import stands.",
    WAITING="No worker has begun.",
    RUNNING="It is on its way, or goes on soon.",
    DONE="The whole file was read. `losses` lists what was not imported.",
    FAILED="The import ended early, or no issue of the file could be read. `failure` gives the reason.",
)
describe_enum(
    LossCode,
    name="ImportLossCode",
    description="Why something did not come through.",
    UNREADABLE="It is not what the format promises, or cannot be stored.",
    MISSING="It is not in the file; something else stands in.",
    WRONG_TYPE="It is of another type than the format promises.",
    OUT_OF_RANGE="It is too large, too small, too early or too late.",
    REPLACED="Characters that cannot be stored were replaced.",
    CUT="It was longer than the limit.",
    TOO_MANY="There were more items than there can be.",
    RESTRICTED="Visible to only some people in the other tracker, and left out because `includeRestricted` was false.",
    UNUSED="Members of objects that an import does not use. Counted in `lossKinds`, without entries in `losses`.",
    INCOMPLETE="The file announces more than it holds.",
    DUPLICATE="The file has it twice.",
    NOT_KEPT="There is no place for it here.",
)


LOSS_COUNT = "Number of losses. Includes losses that `losses` omits because it lists at most 10,000 of each kind."
LOSS_KINDS = (
    "Losses by kind, most frequent first; members that an import does not use come last. At most 250 kinds; "
    "further kinds are left out."
)


@strawberry.type(description="Progress of a background job.")
class Progress:
    describes = jobs.Progress

    done: int = strawberry.field(description="Number of items processed so far.")
    total: int | None = strawberry.field(
        description="Number of all items. Null until they are counted; an import counts them by reading its file."
    )
    share: float = strawberry.field(
        description="Progress from 0 to 1. For an import, the share of the file's bytes that have been read."
    )


@strawberry.type(description="Something of a file that did not come through.")
class ImportLoss:
    describes = model.ImportLoss

    line: int = strawberry.field(description="The line of the file, from 1.")
    key: str | None = strawberry.field(description="The issue's key in the other tracker.")
    field: str = strawberry.field(description="What is lost, such as comments.body; issue for a whole one.")
    code: LossCode = strawberry.field(description="Why, for programs.")
    reason: str = strawberry.field(description="Why, for people.")
    count: int = strawberry.field(description="How many things are lost here.")


@strawberry.type(description="All losses of one field for one reason.")
class ImportLossKind:
    describes = model.LossKind

    field: str = strawberry.field(description="What is lost.")
    code: LossCode = strawberry.field(description="Why.")
    places: int = strawberry.field(description="In how many places of the file.")
    count: int = strawberry.field(description="How many things.")
    first_line: int = strawberry.field(description="The first line where it happened.")
    first_reason: str = strawberry.field(description="Why it happened there, for people.")


@strawberry.type(description="What a name of the file became.")
class ImportMapping:
    describes = model.ImportMapping

    kind: str = strawberry.field(description="Kind of the name: site, project, state, status, priority or label.")
    source: str = strawberry.field(description="The name in the file.")
    target: str = strawberry.field(description="What it became here.")
    count: int = strawberry.field(description="For how many issues.")


@strawberry.type(description="One import of one file, and what became of everything in it.")
class ImportRun(Node):
    describes = model.ImportRun

    format: ImportFormat = strawberry.field(description="What kind of export the file is.")
    file_name: str = strawberry.field(description="The file's name.")
    project_key: str | None = strawberry.field(description="The project that was asked for, if any was.")
    site: str | None = strawberry.field(
        description="Site that the import was started with, in lower case. Null if each record's host is its site."
    )
    include_restricted: bool = strawberry.field(
        description="Whether issues and comments that the other tracker shows to some people only are imported."
    )
    state: ImportState = strawberry.field(description="How it stands.")
    failure: str | None = strawberry.field(description="Reason for the failure. Null unless the state is FAILED.")
    progress: Progress = strawberry.field(description="Progress of the import; its items are the issues of the file.")
    issues_read: int = strawberry.field(description="Issues in the file so far.")
    issues_created: int = strawberry.field(description="Issues that are new here.")
    issues_changed: int = strawberry.field(description="Issues of an earlier import that the file has changed.")
    issues_unchanged: int = strawberry.field(description="Issues of an earlier import that the file says no news of.")
    comments_read: int = strawberry.field(description="Comments in the file so far.")
    comments_created: int = strawberry.field(description="Comments that are new here.")
    comments_changed: int = strawberry.field(description="Comments of an earlier import that the file has changed.")
    comments_unchanged: int = strawberry.field(description="Comments that the file says no news of.")
    people_created: int = strawberry.field(description="Placeholders made for people who are no members.")
    labels_created: int = strawberry.field(description="Labels that are new here.")
    loss_count: int = strawberry.field(description=LOSS_COUNT)
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last got anywhere.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    started_by = related("started_by_id", loads.users, graphql_type=User, description="Who asked for it.")

    @connection(ImportLoss, query=everything, description="What did not come through, in the file's order.")
    async def losses(
        runs: Sequence[model.ImportRun], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.ImportLoss]]:
        return await info.context.app.imports.losses_of(info.context.actor, runs, request)

    @batched(graphql_type=list[ImportLossKind], description=LOSS_KINDS)
    async def loss_kinds(runs: Sequence[model.ImportRun], info: Info) -> Sequence[Sequence[model.LossKind]]:
        return await info.context.app.imports.loss_kinds_of(info.context.actor, runs)

    @connection(ImportMapping, query=everything, description="What names of the file became, by kind and name.")
    async def mappings(
        runs: Sequence[model.ImportRun], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.ImportMapping]]:
        return await info.context.app.imports.mappings_of(info.context.actor, runs, request)
