from domain.shared.security import SecurityEventKind
from domain.shared.slices import Slice

SLICE = Slice(
    name="accounts",
    security_events=(
        SecurityEventKind.REGISTRATION_ASKED,
        SecurityEventKind.REGISTERED,
        SecurityEventKind.EMAIL_VERIFIED,
        SecurityEventKind.ACCOUNT_DELETED,
    ),
)
