"""Password policy (NIST SP 800-63B-4, 3.1.1.2): length and a blocklist, no rules of composition."""

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from domain.shared.checks import Checks
from domain.shared.errors import ErrorCode

LONGEST = 1024  # bytes of UTF-8
LEAST_OWN = 8  # characters that are left when everything guessable is taken out

# Passwords of 15 characters that people choose are these words, runs and dates, put together. A list of whole
# passwords would hold few of them.
_COMMON = """
    password passwort passw0rd p@ssw0rd p@ssword pass word welcome willkommen letmein iloveyou ilove you
    qwertyuiop qwerty qwertz azerty asdfghjkl asdfgh asdf zxcvbnm zxcvbn qazwsxedc qazwsx 1q2w3e4r5t 1q2w3e4r 1qaz2wsx
    abcdefghijklmnopqrstuvwxyz abcdefgh abcdef abcd abc123 abc 0123456789 1234567890 123456789 12345678 123456 12345
    1234 987654321 654321 112233 123123 administrator admin root user login master secret changeme change default
    guest test testing demo access monkey dragon football baseball basketball soccer hockey superman batman pokemon
    starwars sunshine princess shadow michael jordan ashley jennifer charlie jessica whatever trustno1 freedom summer
    winter spring autumn monday friday january february march april june july august september october november
    december hello computer internet samsung google facebook microsoft apple company office workgraph tracker issue
    1999 2000 2010 2020 2021 2022 2023 2024 2025 2026 2027
""".split()  # noqa: SIM905  a list in brackets would take 150 lines
_COMMON_LONGEST_FIRST = sorted(_COMMON, key=len, reverse=True)
_SHORTEST_PERSONAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """Rules for new passwords. `common` contains frequent passwords in lower case, which are refused."""

    shortest: int  # characters
    common: Container[str] = field(repr=False)


def normal_form(password: str) -> bytes | None:
    """The bytes that are hashed: UTF-8 of Unicode form C; None for what cannot be a password."""
    if len(password) > LONGEST:
        return None
    try:
        encoded = unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= LONGEST and b"\0" not in encoded else None


def check_password(check: Checks, password: str, *, personal: Iterable[str], rules: PasswordRules) -> None:
    """Fails for a password that is too short, too long, or little more than what `personal` and a guesser know."""
    encoded = normal_form(password)
    if len(password) > LONGEST or (encoded is None and len(password.encode(errors="replace")) > LONGEST):
        check.fail("password", f"{{field}} must have at most {LONGEST} bytes.", ErrorCode.TOO_LONG)
    elif encoded is None:
        check.fail("password", "{field} must not contain NUL or lone surrogates.")
    elif len(encoded.decode()) < rules.shortest:
        check.fail("password", f"{{field}} must have at least {rules.shortest} characters.")
    elif encoded.decode().casefold() in rules.common:
        check.fail("password", "{field} is one of the most common passwords. Choose another one.")
    elif is_guessable(encoded.decode(), personal=personal):
        check.fail(
            "password",
            "{field} is too easy to guess. Common words, sequences, your name and your email address add no strength.",
        )


def is_guessable(password: str, *, personal: Iterable[str]) -> bool:
    """Whether little is left when common words, runs of one character, the name and the address are taken out."""
    rest = password.casefold()
    if len(set(rest)) == 1:
        return True
    for word in (*_personal_words(personal), *_COMMON_LONGEST_FIRST):
        rest = rest.replace(word, " ")
    return len(re.sub(r"[\W_]", "", rest)) < LEAST_OWN and len(re.sub(r"\s", "", rest)) < LEAST_OWN


def _personal_words(texts: Iterable[str]) -> list[str]:
    words = {word for text in texts for word in re.split(r"[\W_]+", text.casefold()) if len(word) >= _SHORTEST_PERSONAL}
    return sorted(words, key=len, reverse=True)
