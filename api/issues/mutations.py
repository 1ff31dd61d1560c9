from typing import Any, Self

import strawberry

from api.batches.payloads import BatchPayload, BatchRow, id_of_row, object_of_row
from api.batches.types import BatchRun
from api.issues.inputs import (
    IssueArchiveInput,
    IssueBatchCreateInput,
    IssueBatchUpdateInput,
    IssueCreateInput,
    IssueDeleteInput,
    IssuePurgeInput,
    IssueRestoreInput,
    IssueUpdateInput,
)
from api.issues.types import Issue
from api.shared import loads
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.list_sizes import OF_ROWS, at_most, batch_rows
from api.shared.mutations import Payload, mutation
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.uow import Written
from strawberry_compiled import related


@strawberry.type(description="Payload of the `issueCreate` mutation.")
class IssueCreatePayload(Payload):
    issue: Issue | None = strawberry.field(description="The new issue. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `issueUpdate` mutation.")
class IssueUpdatePayload(Payload):
    issue: Issue | None = strawberry.field(description="The updated issue. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `issueArchive` mutation.")
class IssueArchivePayload(Payload):
    issue: Issue | None = strawberry.field(description="The archived issue. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `issueRestore` mutation.")
class IssueRestorePayload(Payload):
    issue: Issue | None = strawberry.field(description="The restored issue. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `issueDelete` mutation.")
class IssueDeletePayload(Payload):
    issue: Issue | None = strawberry.field(description="The trashed issue. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `issuePurge` mutation.")
class IssuePurgePayload(Payload):
    deleted_issue_id: strawberry.ID | None = strawberry.field(
        description="ID of the permanently deleted issue. Null if `errors` is not empty."
    )


@strawberry.type(description="Result of one issue of a batch.")
class IssueBatchResult(BatchRow):
    issue_id = id_of_row(
        "ID of the issue. Null if the input has no ID of an issue there, and for issues that were not created."
    )
    issue = object_of_row(
        Issue,
        "The stored issue: after the change, or as it is if there are `errors` or `dryRun` is true. Null if it does "
        "not exist or is not visible to you.",
    )


@strawberry.type(description="Payload of mutations of many issues.")
class IssueBatchPayload(BatchPayload):
    results: list[IssueBatchResult] = strawberry.field(
        metadata=at_most(MOST_AT_ONCE, counted_by=OF_ROWS),
        description="Result of each issue in the order of the input, or of the IDs if a filter found them, at most "
        "1,000. Empty for more issues, which `job` changes and a dry run only counts.",
    )
    batch_run_id: strawberry.Private[str | None] = None
    job = related(
        "batch_run_id",
        loads.batch_runs,
        graphql_type=BatchRun | None,
        description=f"The batch run that changes the issues, if a filter found more than {MOST_AT_ONCE:,}. Null "
        "otherwise.",
    )

    @classmethod
    def of(cls, written: Written[Any]) -> Self:
        payload = super().of(written)
        payload.batch_run_id = written.value.batch_run_id
        return payload


@strawberry.type
class IssueMutations:
    @mutation(description="Creates an issue in a project. Requires the role `MEMBER` or higher.")
    async def issue_create(self, info: Info, input: IssueCreateInput) -> IssueCreatePayload:
        issues = info.context.app.issues
        return IssueCreatePayload.of(await issues.create(info.context.actor, input.project_id, to_domain(input)))

    @mutation(
        description=f"Creates up to {MOST_AT_ONCE:,} issues in a project, each as `issueCreate` creates it. Requires "
        "the role `MEMBER` or higher.",
        metadata=batch_rows("issues"),
    )
    async def issue_batch_create(self, info: Info, input: IssueBatchCreateInput) -> IssueBatchPayload:
        return IssueBatchPayload.of(await info.context.app.issues.create_all(info.context.actor, to_domain(input)))

    @mutation(description="Updates an issue. Requires the role `MEMBER` or higher.")
    async def issue_update(self, info: Info, input: IssueUpdateInput) -> IssueUpdatePayload:
        issues = info.context.app.issues
        return IssueUpdatePayload.of(await issues.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description=f"Makes one change of up to {MOST_AT_ONCE:,} issues of a workspace, or starts a batch run if a "
        "filter finds more. Each issue is checked as `issueUpdate` checks it. Requires the role `MEMBER` or higher.",
        metadata=batch_rows("select", "ids"),
    )
    async def issue_batch_update(self, info: Info, input: IssueBatchUpdateInput) -> IssueBatchPayload:
        return IssueBatchPayload.of(await info.context.app.issues.update_all(info.context.actor, to_domain(input)))

    @mutation(
        description="Archives an issue: lists exclude it unless `includeArchived` is true. Requires the role "
        "`MEMBER` or higher."
    )
    async def issue_archive(self, info: Info, input: IssueArchiveInput) -> IssueArchivePayload:
        return IssueArchivePayload.of(await info.context.app.issues.archive(info.context.actor, input.id))

    @mutation(
        description="Restores an issue from the archive and from the trash. Requires the role `MEMBER` or higher."
    )
    async def issue_restore(self, info: Info, input: IssueRestoreInput) -> IssueRestorePayload:
        return IssueRestorePayload.of(await info.context.app.issues.restore(info.context.actor, input.id))

    @mutation(
        description="Moves an issue to the trash, from which `issueRestore` can restore it. Requires the role "
        "`MEMBER` or higher."
    )
    async def issue_delete(self, info: Info, input: IssueDeleteInput) -> IssueDeletePayload:
        return IssueDeletePayload.of(await info.context.app.issues.trash(info.context.actor, input.id))

    @mutation(description="Deletes a trashed issue and its comments permanently. Requires the role `ADMIN` or higher.")
    async def issue_purge(self, info: Info, input: IssuePurgeInput) -> IssuePurgePayload:
        return IssuePurgePayload.of(await info.context.app.issues.purge(info.context.actor, input.id))
