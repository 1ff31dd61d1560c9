from api.audit.subscriptions import AuditSubscriptions
from api.audit.types import ConflictDetails
from api.shared.errors import ConflictError
from api.shared.slices import ApiSlice
from domain.audit.errors import AuditErrorCode
from domain.audit.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    error_codes={
        AuditErrorCode.REVISION_GONE: "Changes after the revision have been deleted. `changesBeginAt` of the workspace "
        "is the first revision that is still stored."
    },
    fields={ConflictError: ConflictDetails},
    subscriptions=(AuditSubscriptions,),
)
