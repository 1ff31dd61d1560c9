"""Foreign text made storable: what cannot be kept is replaced or cut so that a reader sees it."""

import re
from dataclasses import dataclass

from domain.shared.characters import DIRECTIONS, has_link, is_visible, nfc, without_links
from domain.shared.checks import LONGEST_LINE, LONGEST_TEXT

_BREAKS = "\n\r\t\u2028\u2029"
REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FENCE = re.compile(r"^((?:> ?)*+ *+)(`{3,}|~{3,})([^\n]*)", re.MULTILINE)
_NOTE_ROOM = 120  # bytes kept free for the note that says how much is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText:
    """Text that can be stored, with the number of `replaced` characters and `cut` bytes (for a line: characters)."""

    text: str
    replaced: int = 0
    cut: int = 0


def unify_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def replace_unstorable(text: str) -> tuple[str, int]:
    """The text with control characters (not newline, tab) and lone surrogates as U+FFFD, and how many there were."""
    if _UNSTORABLE.search(text) is None:
        return text, 0
    return _UNSTORABLE.subn(REPLACEMENT, text)


def cut_text(text: str, *, longest: int = LONGEST_TEXT) -> CleanText:
    """The text cut to `longest` bytes of UTF-8 with a note of what is missing; an open code block is closed."""
    if len(text) * 4 <= longest:
        return CleanText(text=text)
    encoded = text.encode("utf-8")
    if len(encoded) <= longest:
        return CleanText(text=text)
    room = max(longest - _NOTE_ROOM, 0)
    kept, closing = _kept_part(encoded, room)
    if closing:
        # A hostile fence can be as long as the text itself: then it is cut away rather than closed.
        kept, closing = _kept_part(encoded, room - len(closing)) if len(closing) < room // 2 else ("", "")
    missing = len(encoded) - len(kept.encode("utf-8"))
    note = f"\n\n[Cut on import: {missing:,} of {len(encoded):,} bytes are missing here.]"
    return CleanText(text=(kept + closing + note)[:longest], cut=missing)


def clean_line(text: str, *, longest: int = LONGEST_LINE) -> CleanText:
    """The text as one stripped line in normal form C, cut to `longest` characters with an ellipsis.

    Empty if no character is visible.
    """
    joined = " ".join(text.split()) if any(space in text for space in _BREAKS) else text.strip()
    storable, replaced = replace_unstorable(joined)
    line = nfc(storable)
    if not is_visible(line):
        return CleanText(text="", replaced=replaced)
    if len(line) <= longest:
        return CleanText(text=line, replaced=replaced)
    kept = line[: longest - 1].rstrip()
    return CleanText(text=kept + "…", replaced=replaced, cut=len(line) - len(kept))


def plain_name(text: str, *, longest: int) -> str:
    """The text as a one-line name of a person, without link-like text and direction-changing characters."""
    line = clean_line(DIRECTIONS.sub("", without_links(text)), longest=longest).text
    # The ellipsis of a cut is a dot to mail programs.
    return line if not has_link(line) else without_links(line)[:longest].strip()


def _kept_part(encoded: bytes, room: int) -> tuple[str, str]:
    kept = encoded[:room].decode("utf-8", "ignore").rstrip()
    return kept, _closing_fence(kept)


def _closing_fence(text: str) -> str:
    """The fence that closes a code block which is still open at the end of the text."""
    opening: tuple[str, str] | None = None
    for match in _FENCE.finditer(text):
        prefix, fence, rest = match.groups()
        if opening is None:
            opening = (prefix, fence)
        elif fence[0] == opening[1][0] and len(fence) >= len(opening[1]) and not rest.strip():
            opening = None
    return "" if opening is None else f"\n{opening[0]}{opening[1]}"
