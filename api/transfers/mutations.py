import strawberry

from api.batches.types import BatchRun
from api.shared import loads
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation, revision_of
from api.transfers.inputs import ImportStartInput, MemberClaimInput
from api.transfers.types import ImportRun
from api.workspaces.types import Member
from strawberry_compiled import related


@strawberry.type(description="Payload of the `importStart` mutation.")
class ImportStartPayload(Payload):
    import_run: ImportRun | None = strawberry.field(
        description="The started import, or the unfinished import of an identical file with identical options. "
        "Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `memberClaim` mutation.")
class MemberClaimPayload(Payload):
    member: Member | None = strawberry.field(
        description="The member who receives the placeholder's work. Null if `errors` is not empty."
    )
    batch_run_id: strawberry.Private[str | None] = None
    batch_run = related(
        "batch_run_id",
        loads.batch_runs,
        graphql_type=BatchRun | None,
        description="The run that transfers the issues and comments and then removes the placeholder, if there are "
        "more than 1,000. Null otherwise.",
    )


@strawberry.type
class TransferMutations:
    @mutation(
        description="Starts an import of a file that was uploaded to `/imports/files`. The import runs in the "
        "background. Requires the role `ADMIN` or higher."
    )
    async def import_start(self, info: Info, input: ImportStartInput) -> ImportStartPayload:
        return ImportStartPayload.of(await info.context.app.imports.start(info.context.actor, to_domain(input)))

    @mutation(
        description="Transfers everything that a placeholder created or was assigned to a member, and removes the "
        "placeholder. Requires the role `ADMIN` or higher."
    )
    async def member_claim(self, info: Info, input: MemberClaimInput) -> MemberClaimPayload:
        context = info.context
        written = await context.app.placeholders.adopt(context.actor, to_domain(input))
        members = await context.app.read.members.by_ids(context.actor, [written.value.id])
        return MemberClaimPayload(
            member=members[written.value.id],  # type: ignore[arg-type]  # fields take objects of the domain
            batch_run_id=written.value.batch_run_id,
            revision=revision_of(written),
        )
