import pytest

from domain.issues.identifiers import LARGEST_NUMBER, Identifier, IdentifierStart

STARTS = ("EN", "eng", "ENG-", "ENG-1", "ENG-20", "ENG-214748364", "ENG-2147483648", "ENG-9999999999")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("ENG-12", Identifier("ENG", 12)),
        ("eng-12", Identifier("ENG", 12)),
        ("A1-1", Identifier("A1", 1)),
        (f"ENG-{LARGEST_NUMBER}", Identifier("ENG", LARGEST_NUMBER)),
        (f"ENG-{LARGEST_NUMBER + 1}", None),
        *((text, None) for text in ("", "ENG", "ENG-", "-1", "ENG-0", "ENG-01", "ENG--1", "1A-1", "ENG-1 ")),
        ("ENG-\u0661", None),
        ("ABCDEFGHIJK-1", None),
        ("\u00df-1", None),
    ],
)
def test_identifiers_are_read_in_any_letter_case(text: str, parsed: Identifier | None) -> None:
    assert Identifier.parsed(text) == parsed


@pytest.mark.parametrize("text", STARTS)
def test_a_start_covers_exactly_the_numbers_that_begin_with_its_digits(text: str) -> None:
    start = IdentifierStart.parsed(text)
    assert start is not None
    for number in (*range(1, 300), *range(1_990, 2_200), 200_000, 214_748_363, 2_147_483_640, LARGEST_NUMBER):
        expected = not start.is_key_whole or f"ENG-{number}".startswith(text)
        assert any(first <= number <= last for first, last in start.ranges) is expected


@pytest.mark.parametrize("text", ["-", "1", "ENG-0", "ENG-x", "ENG--", " ENG", "ENG-12345678901", "ABCDEFGHIJK"])
def test_no_identifier_begins_with_other_text(text: str) -> None:
    assert IdentifierStart.parsed(text) is None
