from domain.shared.errors import ErrorCode, Unauthenticated

WRONG_PASSWORD = "The email address or the password is wrong."  # noqa: S105  a text
WRONG_REFRESH_TOKEN = "The refresh token is invalid or has expired."  # noqa: S105  a text


class InvalidToken(Unauthenticated):
    """An access token that does not count, for whatever reason: callers are told no more."""

    def __init__(self) -> None:
        super().__init__("The access token is invalid or has expired.")


class InvalidGrant(Unauthenticated):
    """Wrong address or password, or a refresh token that does not count: callers are told no more."""

    code = ErrorCode.INVALID_CREDENTIALS
