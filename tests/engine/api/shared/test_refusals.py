"""Domain errors in responses: one table covers all of them for every transport."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from api.shared.refusals import REFUSALS, error_code, extensions_of, refusal_of, retry_headers, user_errors
from domain.auth.errors import InvalidGrant
from domain.shared import errors
from domain.shared.budget import OverBudget
from domain.shared.errors import DomainError
from domain.shared.throttle import TooOften
from tests.architecture.sources import sources

SHOWN = [
    (errors.Unauthenticated("No."), 401, "UNAUTHENTICATED", None, None),
    (InvalidGrant("No."), 401, "INVALID_CREDENTIALS", None, None),
    (errors.PermissionDenied("No."), 403, "PERMISSION_DENIED", "PermissionDeniedError", None),
    (errors.InsufficientScope("write"), 403, "INSUFFICIENT_SCOPE", "PermissionDeniedError", None),
    (errors.NotFound("No."), 404, "NOT_FOUND", "NotFoundError", None),
    (errors.WrongId("No."), 422, "INVALID_ID", "ValidationError", None),
    (errors.Conflict("No."), 409, "CONFLICT", "ConflictError", None),
    (errors.LimitExceeded("No."), 422, "LIMIT_EXCEEDED", "LimitError", None),
    (TooOften(6.5), 429, "LIMIT_EXCEEDED", "LimitError", "7"),
    (OverBudget(10, 2.5), 429, "RATE_LIMITED", None, "3"),
    (errors.RateLimited("No.", 0), 429, "RATE_LIMITED", None, "1"),
    (errors.Unavailable("No."), 503, "UNAVAILABLE", None, "1"),
    (errors.StorageFull("No."), 507, "UNAVAILABLE", None, None),
]
TABLE = "api/shared/refusals.py"
NAMES_OF_THE_HEADER = {"api/http/origins.py": "lists the headers that pages of other origins may read"}


@pytest.mark.parametrize(("error", "status", "code", "kind", "wait"), SHOWN, ids=lambda each: type(each).__name__)
def test_an_error_is_shown_as_the_table_says(
    error: DomainError, status: int, code: str, kind: str | None, wait: str | None
) -> None:
    assert (refusal_of(error).status, error_code(error)) == (status, code)
    assert retry_headers(error) == ({} if wait is None else {"Retry-After": wait})
    shown = user_errors(error)
    assert kind == (None if shown is None else type(shown[0]).__name__)
    assert extensions_of(error)["code"] == code
    assert extensions_of(error).get("retryAfter") == (
        error.retry_after if isinstance(error, errors.RateLimited) else None
    )


def kinds(base: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_error_of_the_domain_has_a_row() -> None:
    ours = [kind for kind in kinds() if kind.__module__.startswith("domain.")]
    assert len(ours) > len(REFUSALS)
    assert [kind.__name__ for kind in ours if not REFUSALS.keys() & set(kind.__mro__)] == []
    assert {type(error) for error, *_ in SHOWN} >= REFUSALS.keys() - {errors.InvalidInput}


def test_no_other_file_says_when_to_retry() -> None:
    named = {source.name for source in sources("api/**/*.py") if '"Retry-After"' in source.text}
    assert named == {TABLE, *NAMES_OF_THE_HEADER}
    assert all(isinstance(each.status, HTTPStatus) for each in REFUSALS.values())
