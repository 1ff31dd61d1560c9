import strawberry

from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation
from api.transfers.inputs import ImportStartInput, MemberClaimInput
from api.transfers.types import ImportRun
from api.workspaces.types import Member


@strawberry.type(description="The answer to importStart.")
class ImportStartPayload(Payload):
    import_run: ImportRun | None = strawberry.field(
        description="The import; the same file into the same place is imported once at a time."
    )


@strawberry.type(description="The answer to memberClaim.")
class MemberClaimPayload(Payload):
    member: Member | None = strawberry.field(description="The member whose work it is now.")


@strawberry.type
class TransferMutations:
    @mutation(description="Imports a file that you have sent to /imports/files, in the background.")
    async def import_start(self, info: Info, input: ImportStartInput) -> ImportStartPayload:
        return ImportStartPayload.of(await info.context.app.imports.start(info.context.actor, to_domain(input)))

    @mutation(description="Hands what a placeholder wrote and was assigned to a member; the placeholder is removed.")
    async def member_claim(self, info: Info, input: MemberClaimInput) -> MemberClaimPayload:
        return MemberClaimPayload.of(await info.context.app.claims.claim(info.context.actor, to_domain(input)))
