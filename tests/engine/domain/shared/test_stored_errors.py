import json

import pytest

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
from tests.sample.domain.errors import LibraryErrorCode

CODES = (*ErrorCode, *LibraryErrorCode)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("This author does not exist.", path=("change", "author_id")),
        PermissionDenied("Your role does not allow you to change books."),
        InvalidInput("{field} must not be after {other}.", path=("lent_on",), other="due_on"),
        Conflict("A book cannot be its own volume.", path=("parent_id",), code=LibraryErrorCode.OWN_VOLUME),
        LimitExceeded("A book can have at most 20 tags.", path=("tags",)),
        WrongId("Expected a tag ID (`tag_…`).", path=("tags",)),
        ChangedMeanwhile(["title", "due_on"], (), expected=3, current=7),
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
    error = Conflict("A book cannot be its own volume.", code=LibraryErrorCode.OWN_VOLUME)
    [read] = read_errors(stored_errors([error]), ErrorCode)
    assert read.failure is ErrorCode.INVALID_INPUT
