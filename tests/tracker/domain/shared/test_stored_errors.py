import json

import pytest

from domain.issues.errors import IssueErrorCode
from domain.shared.conflicts import ChangedMeanwhile, ConflictOfFields
from domain.shared.errors import (
    Conflict,
    DomainError,
    ErrorCode,
    InvalidInput,
    LimitExceeded,
    NotFound,
    PermissionDenied,
    WrongId,
)
from domain.shared.stored_errors import read_errors, stored_errors
from domain.shared.undoing import NotRestored

CODES = (*ErrorCode, *IssueErrorCode)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("This state does not exist.", path=("change", "state_id")),
        PermissionDenied("Your role does not allow you to change issues."),
        InvalidInput("{field} must not be after {other}.", path=("start_date",), other="due_date"),
        Conflict("An issue cannot be its own ancestor.", path=("parent_id",), code=IssueErrorCode.PARENT_CYCLE),
        LimitExceeded("An issue can have at most 20 assignees.", path=("assignees",)),
        WrongId("Expected a user ID (`usr_…`).", path=("assignees",)),
        ChangedMeanwhile(["title", "due_date"], (), expected=3, current=7),
        NotRestored("{a} was changed later.", ["title"], named={"a": "title"}),
    ],
)
def test_an_error_is_read_as_it_was_stored(error: DomainError) -> None:
    [read] = read_errors(json.loads(json.dumps(stored_errors([error]))), CODES)
    assert isinstance(error, type(read))
    for name in ("message", "path", "failure", "named"):
        assert getattr(read, name) == getattr(error, name), name
    if isinstance(error, ConflictOfFields):
        assert isinstance(read, ConflictOfFields)
        assert read.fields == error.fields
    if isinstance(error, ChangedMeanwhile):
        assert isinstance(read, ChangedMeanwhile)
        assert (read.fields, read.current_revision) == (error.fields, error.current_revision)


def test_a_code_that_this_server_lacks_is_an_invalid_input() -> None:
    error = Conflict("An issue cannot be its own ancestor.", code=IssueErrorCode.PARENT_CYCLE)
    [read] = read_errors(stored_errors([error]), ErrorCode)
    assert read.failure is ErrorCode.INVALID_INPUT
