import strawberry

from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation
from api.transfers.inputs import ImportStartInput, MemberClaimInput
from api.transfers.types import ImportRun
from api.workspaces.types import Member


@strawberry.type(description="Payload of the `importStart` mutation.")
class ImportStartPayload(Payload):
    import_run: ImportRun | None = strawberry.field(
        description="The started import, or the unfinished import of an identical file with identical options. "
        "Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `memberClaim` mutation.")
class MemberClaimPayload(Payload):
    member: Member | None = strawberry.field(
        description="The member who received the placeholder's work. Null if `errors` is not empty."
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
        return MemberClaimPayload.of(await info.context.app.placeholders.adopt(info.context.actor, to_domain(input)))
