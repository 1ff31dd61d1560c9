from domain.shared.actor import Permission, Role
from domain.shared.slices import Slice
from domain.transfers.claims import MEMBER_CLAIM, MemberClaim

IMPORT = Permission("import issues", Role.ADMIN)
IMPORT_RESTRICTED = Permission("import restricted issues and comments", Role.ADMIN)

SLICE = Slice(
    name="transfers",
    permissions=(
        IMPORT,
        IMPORT_RESTRICTED,
    ),
    batches={
        MEMBER_CLAIM: MemberClaim(),
    },
)
