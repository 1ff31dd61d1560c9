"""Errors of jobs in the form that is stored: enough to act on, without secrets."""

import re
from collections.abc import Collection

LONGEST_ERROR = 500  # characters

_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")


def described(error: BaseException, *, secrets: Collection[str] = ()) -> str:
    """Class and first line of the message. In further lines PostgreSQL repeats values of rows."""
    message = str(error).strip().partition("\n")[0]
    for secret in secrets:
        if secret:
            message = message.replace(secret, "…")
    message = _CREDENTIALS.sub(r"\1…@", message)
    return f"{type(error).__name__}: {message}"[:LONGEST_ERROR].replace("\x00", "\ufffd").rstrip(": ")
