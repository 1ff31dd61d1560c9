"""Errors as the command line shows them."""

from collections.abc import Callable

from domain.shared.errors import DomainError, Rejected


def in_words(field: str) -> str:
    """The name of a field that is no parameter of the command."""
    return field.replace("_", " ")


def error_lines(error: Exception, name_of: Callable[[str], str] = in_words) -> list[str]:
    """The messages of an error, line by line, with fields named by `name_of`."""
    failures = error.errors if isinstance(error, Rejected) else (error,)
    return [
        line
        for failure in failures
        for line in (failure.message_with(name_of) if isinstance(failure, DomainError) else str(failure)).splitlines()
    ]
