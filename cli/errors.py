"""Errors as the command line shows them."""

from collections.abc import Callable

from domain.shared.errors import DomainError, Rejected


def in_words(field: str) -> str:
    """The name of a field that the command line has no parameter for."""
    return field.replace("_", " ")


def error_lines(error: Exception, name_of: Callable[[str], str] = in_words) -> list[str]:
    """The lines of each error, with fields named by `name_of`."""
    failures = error.errors if isinstance(error, Rejected) else (error,)
    return [
        line
        for failure in failures
        for line in (failure.message_with(name_of) if isinstance(failure, DomainError) else str(failure)).splitlines()
    ]
