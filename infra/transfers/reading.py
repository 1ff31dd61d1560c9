"""Tolerant access to values of foreign JSON, with a note of each value that could not be read."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from datetime import UTC, date, datetime
from functools import lru_cache

from domain.issues.model import MOST_LABELS
from domain.shared.checks import LONGEST_LINE, LONGEST_TEXT
from domain.transfers.records import Loss, LossCode, Mapping, PersonRecord
from domain.transfers.sanitizing import clean_line, cut_text, plain_name, replace_unstorable, unify_newlines
from infra.transfers.json_walk import LONGEST_ELEMENT
from infra.transfers.members import ObjectKind
from infra.transfers.reasons import NO_EQUIVALENT, NO_OBJECT, TOO_DEEP

LONGEST_LABEL = 80
LONGEST_STATE = 50
LONGEST_PERSON = 80
LARGEST_NUMBER = 2**31 - 1
LONGEST_IDENTIFIER = 200
LARGEST_IDENTIFIER = 2**63
MOST_UNKNOWN_FIELDS = 50


class UnreadableError(Exception):
    """The bytes are not the JSON object that the format promises; the message quotes nothing of them."""


def parse_object(raw: bytes) -> tuple[dict[str, object], int]:
    """The JSON object, and how many bytes that are not UTF-8 were replaced; raises UnreadableError."""
    if len(raw) > LONGEST_ELEMENT:
        raise UnreadableError(f"The text is longer than {LONGEST_ELEMENT:,} bytes.")
    # Concatenated files have a byte order mark at the start of each part.
    text, replaced = _decoded(raw.removeprefix(BOM_UTF8))
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"The text is not valid JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:
        raise UnreadableError("A number in the JSON has too many digits.") from error
    except RecursionError as error:
        raise UnreadableError(TOO_DEEP) from error
    if not isinstance(found, dict):
        raise UnreadableError(NO_OBJECT)
    return found, replaced


def _decoded(raw: bytes) -> tuple[str, int]:
    try:
        return raw.decode("utf-8"), 0
    except UnicodeDecodeError:
        visible = raw.decode("utf-8", "replace")
        return visible, len(visible) - len(raw.decode("utf-8", "ignore"))


@lru_cache(maxsize=4096)
def mapping(kind: str, source: str, target: str) -> Mapping:
    return Mapping(kind=kind, source=source, target=target)


class Reading:
    """Values read from one issue, each of the expected type, and notes of unusable values."""

    def __init__(self, *, line: int, key: str | None = None) -> None:
        self.line = line
        self.key = key
        self.people: dict[str, PersonRecord] = {}
        self.person_ids: dict[str, str] = {}  # keys of people of whom the file has nothing else
        self._losses: dict[tuple[str, LossCode], tuple[str, int]] = {}
        self._unused: dict[tuple[str, str], int] = {}

    @property
    def unused(self) -> tuple[tuple[str, int], ...]:
        """Members that the import does not use, by kind of object ("user.timeZone"), with their counts."""
        return tuple((_member(kind, name), count) for (kind, name), count in self._unused.items())

    @property
    def losses(self) -> tuple[Loss, ...]:
        return tuple(
            Loss(line=self.line, key=self.key, field=field, code=code, reason=reason, count=count)
            for (field, code), (reason, count) in self._losses.items()
        )

    def whole(self, reason: str, *, code: LossCode = LossCode.UNREADABLE) -> Loss:
        return Loss(line=self.line, key=self.key, field="issue", code=code, reason=reason)

    def lose(self, field: str, code: LossCode, reason: str, *, count: int = 1) -> None:
        first, before = self._losses.get((field, code), (reason, 0))
        self._losses[field, code] = (first, min(before + count, LARGEST_NUMBER))

    def note_unused(self, kind: ObjectKind, values: AnyMapping[str, object]) -> None:
        """Notes every member with a value that the import does not use, up to a limit of names."""
        used = kind.used
        listed = 0
        for name, value in values.items():
            if name in used or not value:
                continue
            if not kind.is_listed or name in kind.formal:
                self._count_unused(kind.name, name)
                continue
            listed += 1
            field = _shown(name) if listed <= MOST_UNKNOWN_FIELDS else "fields"
            items = len(value) if isinstance(value, list) else 1
            self.lose(field, LossCode.NOT_KEPT, NO_EQUIVALENT, count=items)

    def _count_unused(self, kind: str, name: str) -> None:
        key = (kind, name)
        if key not in self._unused and len(self._unused) >= MOST_UNKNOWN_FIELDS:
            key = (kind, "*")
        self._unused[key] = self._unused.get(key, 0) + 1

    def text(self, field: str, value: object) -> str:
        """Text of any length as in the source, made storable; empty if missing."""
        if value is None or value == "":
            return ""
        if not isinstance(value, str):
            self._wrong_type(field, "text")
            return ""
        storable, replaced = replace_unstorable(unify_newlines(value))
        self.note_replaced(field, replaced)
        return storable

    def fitting(self, field: str, text: str) -> str:
        """The text, cut to the maximum length of the field."""
        cut = cut_text(text)
        if cut.cut:
            self.lose(field, LossCode.CUT, f"Text beyond {LONGEST_TEXT:,} bytes was cut off.", count=cut.cut)
        return cut.text

    def name(self, field: str, value: object, *, longest: int = LONGEST_LINE) -> str:
        """One line of text; empty if missing."""
        if value is None:
            return ""
        if not isinstance(value, str):
            self._wrong_type(field, "text")
            return ""
        if len(value) <= longest and value.isascii() and value.isprintable():
            return value.strip()
        cleaned = clean_line(value, longest=longest)
        self.note_replaced(field, cleaned.replaced)
        if cleaned.cut:
            self.lose(field, LossCode.CUT, f"Text beyond {longest} characters was cut off.", count=cleaned.cut)
        return cleaned.text

    def person(self, field: str, value: object) -> str:
        """Name of a person, without link-like text and direction-changing characters; empty if missing."""
        name = self.name(field, value, longest=LONGEST_PERSON)
        plain = plain_name(name, longest=LONGEST_PERSON)
        if plain != name:
            self.lose(field, LossCode.REPLACED, "Removed `://`, `www.` or direction-changing characters from a name.")
        return plain

    def fields(self, field: str, value: object, kind: ObjectKind) -> dict[str, object]:
        """Members of an object, empty if missing. Members that the import does not use are noted."""
        if isinstance(value, dict):
            self.note_unused(kind, value)
            return value
        if value is not None:
            self._wrong_type(field, "an object")
        return {}

    def each(self, field: str, value: object, kind: ObjectKind) -> Iterator[dict[str, object]]:
        """The objects of a list; other values are noted and skipped."""
        for item in self.items(field, value):
            if isinstance(item, dict):
                self.note_unused(kind, item)
                yield item
            else:
                self._wrong_type(field, "an object")

    def items(self, field: str, value: object) -> list[object]:
        if isinstance(value, list):
            return value
        if value is not None:
            self._wrong_type(field, "a list")
        return []

    def named(self, field: str, value: object, kind: ObjectKind, *, longest: int = LONGEST_LINE) -> str:
        """The name of a named object; empty if missing."""
        return self.name(field, self.fields(field, value, kind).get("name"), longest=longest)

    def identifier(self, field: str, value: object) -> str | None:
        """The permanent id of an object in the tracker, a text or an integer; None if it has no such id."""
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_IDENTIFIER:
            return str(value)
        return self.name(field, value, longest=LONGEST_IDENTIFIER) or None

    def instant(self, field: str, value: object) -> datetime | None:
        """A time in UTC; a time without an offset counts as UTC."""
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self._wrong_type(field, "a time")
            return None
        try:
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.lose(field, LossCode.OUT_OF_RANGE, "The value is not a valid time.")
            return None

    def day(self, field: str, value: object) -> date | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self._wrong_type(field, "a date")
            return None
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            self.lose(field, LossCode.OUT_OF_RANGE, "The value is not a valid date.")
            return None

    def login(self, field: str, value: object) -> str | None:
        """Key of a person of whom the file has nothing else; None if missing."""
        key = self.name(field, value)
        if key and key not in self.people:
            name, external_id = self.person(field, key), self.person_ids.get(key)
            self.people[key] = PersonRecord(key=key, name=name, email=None, is_active=True, external_id=external_id)
        return key or None

    def labels(self, names: list[str]) -> tuple[str, ...]:
        """Distinct names, at most as many as an issue can have."""
        kept = list(dict.fromkeys(name for name in names if name))
        if len(kept) > MOST_LABELS:
            self.lose(
                "labels", LossCode.TOO_MANY, f"An issue can have at most {MOST_LABELS}.", count=len(kept) - MOST_LABELS
            )
        return tuple(kept[:MOST_LABELS])

    def _wrong_type(self, field: str, expected: str) -> None:
        self.lose(field, LossCode.WRONG_TYPE, f"The value is not {expected}.")

    def note_replaced(self, field: str, replaced: int) -> None:
        """Notes the number of replaced characters unless it is 0."""
        if replaced:
            self.lose(
                field,
                LossCode.REPLACED,
                "Control characters or lone surrogates were replaced by U+FFFD.",
                count=replaced,
            )


@lru_cache(maxsize=4096)
def _member(kind: str, name: str) -> str:
    return f"{kind}.{_shown(name)}"


def _shown(name: str) -> str:
    return clean_line(name, longest=LONGEST_LABEL).text
