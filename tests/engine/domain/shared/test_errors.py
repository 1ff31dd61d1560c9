import pytest

from domain.shared.errors import DomainError, InvalidInput, Rejected

LATE = InvalidInput("{field} must not be after {other}.", path=("input", "start_date"), other="due_date")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (LATE, "<start_date> must not be after <due_date>."),
        (InvalidInput("{field} must not be empty."), "{field} must not be empty."),
        (InvalidInput("{name} and {{field}} {0}.", path=("title",)), "{name} and {<title>} {0}."),
        (InvalidInput("There is no such shelf.", path=("id",)), "There is no such shelf."),
    ],
)
def test_a_message_takes_the_names_of_its_fields_and_nothing_else(error: DomainError, message: str) -> None:
    assert error.message_with(lambda name: f"<{name}>") == message


def test_a_log_line_has_the_names_of_the_command() -> None:
    assert str(LATE) == LATE.message == "start_date must not be after due_date."
    assert str(Rejected((LATE, LATE))) == f"{LATE.message}; {LATE.message}"
