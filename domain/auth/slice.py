from domain.shared.security import SecurityEventKind
from domain.shared.slices import Slice

SLICE = Slice(
    name="auth",
    security_events=(
        SecurityEventKind.SIGNED_IN,
        SecurityEventKind.SIGN_IN_REFUSED,
        SecurityEventKind.SIGNED_OUT,
        SecurityEventKind.SESSION_ENDED,
        SecurityEventKind.REFRESH_TOKEN_REUSED,
        SecurityEventKind.EMAIL_CHANGE_ASKED,
        SecurityEventKind.EMAIL_CHANGED,
        SecurityEventKind.PASSWORD_REFUSED,
        SecurityEventKind.PASSWORD_CHANGED,
        SecurityEventKind.PASSWORD_RESET_ASKED,
        SecurityEventKind.PASSWORD_RESET,
        SecurityEventKind.ACCOUNT_DEACTIVATED,
        SecurityEventKind.ACCOUNT_REACTIVATED,
        SecurityEventKind.API_KEY_CREATED,
        SecurityEventKind.API_KEY_REVOKED,
        SecurityEventKind.SIGNING_KEY_ROTATED,
    ),
)
