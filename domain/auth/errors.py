from domain.shared.errors import ErrorCode, Unauthenticated

WRONG_PASSWORD = "The email address or the password is wrong."  # noqa: S105  a text
WRONG_REFRESH_TOKEN = "The refresh token is invalid or has expired."  # noqa: S105  a text


class InvalidToken(Unauthenticated):
    """An invalid, expired or revoked access token; the answer does not say which."""

    def __init__(self) -> None:
        super().__init__("The access token is invalid or has expired.")


class InvalidGrant(Unauthenticated):
    """A wrong address or password, or an invalid refresh token; the answer does not say which."""

    code = ErrorCode.INVALID_CREDENTIALS
