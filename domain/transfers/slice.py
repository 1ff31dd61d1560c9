from domain.shared.actor import Permission, Role
from domain.shared.batches import BatchKind
from domain.shared.slices import Slice
from domain.transfers.claims import MemberClaim

IMPORT = Permission("import issues", Role.ADMIN)
IMPORT_RESTRICTED = Permission("import restricted issues and comments", Role.ADMIN)

SLICE = Slice(
    name="transfers",
    permissions=(
        IMPORT,
        IMPORT_RESTRICTED,
    ),
    batches={
        BatchKind.MEMBER_CLAIM: MemberClaim(),
    },
)
