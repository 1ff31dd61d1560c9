import strawberry

from api.issues.inputs import (
    IssueArchiveInput,
    IssueCreateInput,
    IssueDeleteInput,
    IssuePurgeInput,
    IssueRestoreInput,
    IssueUpdateInput,
)
from api.issues.types import Issue
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="The answer to issueCreate.")
class IssueCreatePayload(Payload):
    issue: Issue | None = strawberry.field(description="The new issue.")


@strawberry.type(description="The answer to issueUpdate.")
class IssueUpdatePayload(Payload):
    issue: Issue | None = strawberry.field(description="The issue as it is now.")


@strawberry.type(description="The answer to issueArchive.")
class IssueArchivePayload(Payload):
    issue: Issue | None = strawberry.field(description="The archived issue.")


@strawberry.type(description="The answer to issueRestore.")
class IssueRestorePayload(Payload):
    issue: Issue | None = strawberry.field(description="The restored issue.")


@strawberry.type(description="The answer to issueDelete.")
class IssueDeletePayload(Payload):
    issue: Issue | None = strawberry.field(description="The trashed issue.")


@strawberry.type(description="The answer to issuePurge.")
class IssuePurgePayload(Payload):
    deleted_issue_id: strawberry.ID | None = strawberry.field(description="The id of the issue that is gone.")


@strawberry.type
class IssueMutations:
    @mutation(description="Adds an issue to a project.")
    async def issue_create(self, info: Info, input: IssueCreateInput) -> IssueCreatePayload:
        return IssueCreatePayload.of(await info.context.app.issues.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes an issue.")
    async def issue_update(self, info: Info, input: IssueUpdateInput) -> IssueUpdatePayload:
        issues = info.context.app.issues
        return IssueUpdatePayload.of(await issues.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Archives an issue: lists leave it out unless asked.")
    async def issue_archive(self, info: Info, input: IssueArchiveInput) -> IssueArchivePayload:
        return IssueArchivePayload.of(await info.context.app.issues.archive(info.context.actor, input.id))

    @mutation(description="Brings an issue back from the archive and from the trash.")
    async def issue_restore(self, info: Info, input: IssueRestoreInput) -> IssueRestorePayload:
        return IssueRestorePayload.of(await info.context.app.issues.restore(info.context.actor, input.id))

    @mutation(description="Puts an issue into the trash, from where it can be restored.")
    async def issue_delete(self, info: Info, input: IssueDeleteInput) -> IssueDeletePayload:
        return IssueDeletePayload.of(await info.context.app.issues.trash(info.context.actor, input.id))

    @mutation(description="Deletes a trashed issue with its comments, for ever.")
    async def issue_purge(self, info: Info, input: IssuePurgeInput) -> IssuePurgePayload:
        return IssuePurgePayload.of(await info.context.app.issues.purge(info.context.actor, input.id))
