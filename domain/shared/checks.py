"""Rules for single values, collected so that a caller learns of all broken ones at once."""

import re
import unicodedata

from domain.shared.characters import DIRECTIONS, has_link, is_visible, nfc
from domain.shared.errors import DomainError, ErrorCode, InvalidInput, Rejected

LONGEST_LINE = 255  # characters
LONGEST_TEXT = 256 * 1024  # bytes of UTF-8
COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
COLOR_RULE = "a color, such as #5e6ad2"
_BREAKS = ("Cc", "Zl", "Zp")  # categories: control characters, line and paragraph separators
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep the text: no NUL, no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def _is_one_line(text: str) -> bool:
    # Printable text, as most lines are, has no character of these categories, which are looked up one by one.
    return text.isprintable() or not any(unicodedata.category(character) in _BREAKS for character in text)


class Checks:
    """`with Checks() as check:` raises Rejected at the end if any rule was broken."""

    def __init__(self) -> None:
        self._errors: list[DomainError] = []

    def __enter__(self) -> "Checks":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None and self._errors:
            raise Rejected(tuple(self._errors))

    def fail(self, field: str, message: str, code: ErrorCode = ErrorCode.INVALID_INPUT, **named: str) -> None:
        """Notes a broken rule; the message says `{field}` for the field's name (domain/shared/errors.py)."""
        self._errors.append(InvalidInput(message, path=(field,), code=code, **named))

    def line(self, field: str, text: str, *, longest: int = LONGEST_LINE) -> str:
        """The text as one stripped line with a visible character, in Unicode normal form C."""
        stripped = nfc(text).strip()
        if not is_visible(stripped):
            self.fail(field, "{field} must not be empty.", ErrorCode.REQUIRED)
        elif len(stripped) > longest:
            self.fail(field, f"{{field}} must have at most {longest} characters.", ErrorCode.TOO_LONG)
        elif not is_storable(text) or not _is_one_line(stripped):
            self.fail(field, "{field} must be a single line without control characters.")
        return stripped

    def name(self, field: str, text: str, *, longest: int) -> str:
        """The text as a one-line name for emails to non-members, without link-like text and bidirectional overrides."""
        line = self.line(field, text, longest=longest)
        if has_link(line):
            self.fail(field, "{field} must not contain `://` or `www.` because it appears in emails to non-members.")
        elif DIRECTIONS.search(line):
            self.fail(field, "{field} must not contain characters that change the text direction.")
        return line

    def text(self, field: str, text: str, *, is_required: bool = False) -> str:
        """Text of any number of lines, at most 256 KB of UTF-8."""
        if not is_storable(text):
            self.fail(field, "{field} must not contain NUL or lone surrogates.")
        elif len(text.encode()) > LONGEST_TEXT:
            self.fail(field, f"{{field}} must have at most {LONGEST_TEXT // 1024} KB.", ErrorCode.TOO_LONG)
        elif is_required and not is_visible(text):
            self.fail(field, "{field} must not be empty.", ErrorCode.REQUIRED)
        return text

    def matches(self, field: str, text: str, pattern: re.Pattern[str], rule: str) -> str:
        if pattern.fullmatch(text) is None:
            self.fail(field, f"{{field}} must be {rule}.")
        return text

    def between(self, field: str, number: int, least: int, most: int) -> int:
        if not least <= number <= most:
            self.fail(field, f"{{field}} must be between {least} and {most}.", ErrorCode.OUT_OF_RANGE)
        return number

    def count(self, field: str, items: int, *, most: int) -> None:
        if items > most:
            self.fail(field, f"{{field}} must have at most {most} items.", ErrorCode.LIMIT_EXCEEDED)
