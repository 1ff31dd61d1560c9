import tracemalloc

import pytest

from domain.accounts.passwords import check_password, is_guessable, normal_form
from domain.shared.checks import Checks
from domain.shared.errors import ErrorCode, Rejected
from tests import defaults

ANN = ("ann.smith@example.org", "Ann Smith")

GOOD = [
    "correct horse battery staple",
    "x" * 72 + "A",
    "Zoë kauft fünf Äpfel",
    "😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍",
    "tr0ub4dor&3 vierzig",
    "no rule of composition",
    "password as one word of several",
    "9f8Kq-2mXv_71Lp",
    "q" * 1023 + "r",
]
GUESSABLE = [
    "passwordpassword",
    "Password1234567890",
    "123456789012345",
    "qwertyuiopasdfghjkl",
    "aaaaaaaaaaaaaaaaaaaa",
    "iloveyou iloveyou iloveyou",
    "Welcome2026!!!!!!",
    "annsmith12345678",
    "ann.smith@example.org",
    "AnnSmithAnnSmith",
    "workgraph-admin-2026",
    "abc123abc123abc123",
]


def failures(password: str) -> list[ErrorCode]:
    try:
        with Checks() as check:
            check_password(check, password, personal=ANN, rules=defaults.password_rules())
    except Rejected as error:
        found = error.errors
    else:
        return []
    assert [each.path for each in found] == [("password",)]
    assert not password or password not in found[0].message
    return [each.failure for each in found]


@pytest.mark.parametrize("password", GOOD)
def test_long_passwords_of_any_kind_are_good(password: str) -> None:
    assert failures(password) == []


@pytest.mark.parametrize("password", GUESSABLE)
def test_guessable_passwords_are_refused(password: str) -> None:
    assert failures(password) == [ErrorCode.INVALID_INPUT]


def test_a_password_from_the_users_own_name_is_refused() -> None:
    assert is_guessable("annika.lundqvist", personal=("annika@example.org", "Annika Lundqvist"))
    assert not is_guessable("annika.lundqvist", personal=ANN)


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("q7Kd!x2Lm9#Rt4", [ErrorCode.INVALID_INPUT]),
        ("q7Kd!x2Lm9#Rt4v", []),
        ("é1é2é3é4é5é6é7é", []),
        ("e\u03011e\u03012e\u03013e\u03014e\u03015", [ErrorCode.INVALID_INPUT]),
        ("", [ErrorCode.INVALID_INPUT]),
        ("xy" * 513, [ErrorCode.TOO_LONG]),
        ("éa" * 342, [ErrorCode.TOO_LONG]),
        ("abcdefghi\0jklmnopq", [ErrorCode.INVALID_INPUT]),
        ("horse battery \ud800 staple", [ErrorCode.INVALID_INPUT]),
    ],
)
def test_length_is_counted_in_the_normal_form(password: str, codes: list[ErrorCode]) -> None:
    assert failures(password) == codes


def test_a_megabyte_is_refused_before_anything_is_made_of_it() -> None:
    password = "é" * 1_000_000
    tracemalloc.start()
    assert failures(password) == [ErrorCode.TOO_LONG]
    assert normal_form(password) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
