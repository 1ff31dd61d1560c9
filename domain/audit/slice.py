from domain.audit.errors import AuditErrorCode
from domain.shared.slices import Slice

SLICE = Slice(
    name="audit",
    error_codes=AuditErrorCode,
)
