"""Macros of Jira's markup that span lines: pairs of tags, and the text inside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MACRO = re.compile(
    r"(?<!\\)\{(code|noformat|quote|panel|info|note|tip|warning|expand|color|anchor)(?::([^{}\n]*+))?\}", re.IGNORECASE
)
_LABELS = {"info": "Info", "note": "Note", "tip": "Tip", "warning": "Warning"}
_QUOTES = frozenset(("quote", "panel", *_LABELS))
_SINGLE = frozenset(("anchor", "color"))
EDGE = "\ufdd0"
"""Placeholder for a color or anchor tag, at which words end for emphasis. The code point occurs in no text."""
_FENCE = re.compile(r"^ {0,3}(`{3,})([^`\n]*+)$", re.MULTILINE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}", re.ASCII)
_VERBATIM = frozenset(("code", "noformat", "fence"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of text; `verbatim` text is not parsed any further.

    `depth` counts the quotes and panels around it; `section` differs from one quote or panel to the next.
    """

    text: str
    depth: int
    section: int
    is_verbatim: bool = False
    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    kind: str
    start: int
    end: int
    parameters: str | None


def pieces_of(text: str) -> Iterator[Piece]:
    """The text cut at its paired macros; a macro without a partner is text like any other."""
    tags = _tags(text)
    open_kinds: set[str] = set()
    section = 0
    words: list[str] = []
    done = 0
    is_row: bool | None = None
    is_after = False
    for opening, closing in _paired(tags):
        words.append(text[done : opening.start])
        is_row = _is_row(words[-1], before=is_row)
        done = closing.end if closing else opening.end
        if opening.kind in _SINGLE:
            words.append(EDGE)
            continue
        body = text[opening.end : closing.start] if closing else ""
        if is_row and _fits_in_cell(body):
            words.append(f"{{{{{body}}}}}")
            continue
        depth = len(open_kinds & _QUOTES)
        yield from _prose(words, depth=depth, section=section, is_after=is_after, is_before=True)
        is_after, is_row = True, None
        if closing is not None:
            yield _verbatim(opening, body, depth=depth, section=section)
            continue
        open_kinds ^= {opening.kind}
        section += 1
        if opening.kind in open_kinds and (title := _title(opening)):
            yield Piece(text=f"*{title}*\n", depth=len(open_kinds & _QUOTES), section=section)
    words.append(text[done:])
    yield from _prose(words, depth=len(open_kinds & _QUOTES), section=section, is_after=is_after, is_before=False)


def _tags(text: str) -> list[_Tag]:
    tags = []
    if "{" in text:
        tags += [_Tag(kind=m[1].lower(), start=m.start(), end=m.end(), parameters=m[2]) for m in _MACRO.finditer(text)]
    if "```" in text:
        tags += [
            _Tag(kind="fence", start=m.start(), end=m.end(), parameters=m[2].strip() or None)
            for m in _FENCE.finditer(text)
        ]
        tags.sort(key=lambda tag: tag.start)
    return tags


def _paired(tags: list[_Tag]) -> Iterator[tuple[_Tag, _Tag | None]]:
    """Verbatim macros with their ends, and each single tag of the other pairs, in the order of the text."""
    # Find ends once from the back. Otherwise a thousand tags without an end would search the text a thousand times.
    next_end: dict[str, int] = {}
    ends: list[int | None] = [None] * len(tags)
    for index in range(len(tags) - 1, -1, -1):
        tag = tags[index]
        ends[index] = next_end.get(tag.kind)
        if tag.parameters is None:
            next_end[tag.kind] = index
    outside: list[tuple[_Tag, _Tag | None]] = []
    index = 0
    while index < len(tags):
        tag, end = tags[index], ends[index]
        if tag.kind not in _VERBATIM:
            outside.append((tag, None))
        elif end is not None:
            outside.append((tag, tags[end]))
            index = end
        index += 1
    yield from _without_odd_ones(outside)


def _without_odd_ones(found: list[tuple[_Tag, _Tag | None]]) -> Iterator[tuple[_Tag, _Tag | None]]:
    counts = dict.fromkeys((*_QUOTES, *_SINGLE, "expand"), 0)
    for tag, end in found:
        if end is None:
            counts[tag.kind] += 1
    last_paired = {kind: number - number % 2 for kind, number in counts.items()}
    last_paired["anchor"] = counts["anchor"]
    if counts["color"] > 1:  # colors have no Markdown, so an unpaired one beside others leaves nothing open
        last_paired["color"] = counts["color"]
    seen = dict.fromkeys(counts, 0)
    for tag, end in found:
        if end is None:
            seen[tag.kind] += 1
            if seen[tag.kind] > last_paired[tag.kind]:
                continue
        yield tag, end


def _is_row(text: str, *, before: bool | None) -> bool | None:
    """Whether the text ends in a table row; None while the last line is blank."""
    _, newline, tail = text.rpartition("\n")
    known = None if newline else before
    return tail.lstrip().startswith("|") if known is None and tail.strip() else known


def _fits_in_cell(body: str) -> bool:
    return bool(body.strip()) and not any(sign in body for sign in "\n{}")


def _prose(words: list[str], *, depth: int, section: int, is_after: bool, is_before: bool) -> Iterator[Piece]:
    """Text between two macros, without line ends at the macros' own lines."""
    raw = "".join(words)
    words.clear()
    text = raw
    if is_after:
        text = text.lstrip(" \t").removeprefix("\n")
    if is_before:
        text = text.rstrip(" \t").removesuffix("\n")
    if text or raw.count("\n") > 1:
        yield Piece(text=text, depth=depth, section=section)


def _verbatim(opening: _Tag, body: str, *, depth: int, section: int) -> Piece:
    parameters = _parameters(opening)
    language = (parameters.get("language") or parameters.get("lang") or parameters.get("", "")).lower()
    return Piece(
        text=(body.removeprefix("\n") if body.strip() else "").removesuffix("\n"),
        depth=depth,
        section=section,
        is_verbatim=True,
        language=language if _LANGUAGE.fullmatch(language) else "",
        title=parameters.get("title", ""),
    )


def _title(tag: _Tag) -> str:
    """The title that Jira shows above a panel or in place of folded text."""
    parameters = _parameters(tag)
    title = parameters.get("title") or (parameters.get("") if tag.kind == "expand" else "")
    return title or _LABELS.get(tag.kind, "")


def _parameters(tag: _Tag) -> dict[str, str]:
    """Named parameters; the unnamed one, a language, has the empty name."""
    found: dict[str, str] = {}
    for part in (tag.parameters or "").split("|"):
        name, is_named, value = part.partition("=")
        found[name.strip().lower() if is_named else ""] = value.strip() if is_named else part.strip()
    return found
