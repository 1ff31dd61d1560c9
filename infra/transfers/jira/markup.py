"""Jira's wiki markup to Markdown (CommonMark with GFM's tables and strikethrough).

The source language is Atlassian's "Text Formatting Notation". Time is in proportion to the length of
the text, whatever it is; nothing is refused, and no word is lost but the parameters of macros. Text without markup
comes back as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from domain.transfers.sanitizing import unify_newlines
from infra.transfers.jira.macros import EDGE, Piece, pieces_of
from infra.transfers.jira.markup_tables import LONGEST_ROW, lines_of_row, table
from infra.transfers.jira.phrases import SIGNS, Phrases
from infra.transfers.markdown import HARD_BREAK, escape_line_start, fenced, heading

_LINE_START = r"[ \t]*+(?:[-+=#>|]|h[1-6]\.|bq\.)"
_FIRST_LINE_START = re.compile(_LINE_START)
_MACROS = r"\{(?=(?i:code|noformat|quote|panel|info|note|tip|warning|expand|color|anchor))"
_NOTICEABLE = re.compile(SIGNS + rf"|{_MACROS}|{EDGE}|\n" + _LINE_START)
_BREAK = re.compile(r"\S[ \t]*+\n[ \t]*+\S")
_HEADING = re.compile(r"\s*+h([1-6])\.(?:\s++(.*)|$)")
_QUOTED_LINE = re.compile(r"\s*+bq\.\s++(.*)")
_RULE = re.compile(r"\s*+-{4,}+\s*+$")
_ITEM = re.compile(r"\s*+([*#]++-?+|-)\s++(\S.*)")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)[ \t]*+(?=\S)")
_BLANKS = (" ", "\t")
_NAME_SIGNS = re.compile(r"([\\`*<\[])")


def plain_mention(user: str) -> str:
    return "@" + _NAME_SIGNS.sub(r"\\\1", user)


def jira_to_markdown(text: str, *, mention: Callable[[str], str] = plain_mention) -> str:
    """The text as Markdown, with unified line breaks; `mention` converts the user of [~user] to Markdown."""
    text = unify_newlines(text)
    if _next_sign(text, 0) > len(text) and _BREAK.search(text) is None:
        return text
    blocks = _Blocks(Phrases(mention=mention))
    for piece in pieces_of(text):
        blocks.add(piece)
    return "\n".join(blocks.lines).replace(EDGE, "")


def _next_sign(text: str, start: int) -> int:
    """Position of the next possible markup in the text; past the end if there is none."""
    match = (_FIRST_LINE_START.match(text) if start == 0 else None) or _NOTICEABLE.search(text, start)
    return len(text) + 1 if match is None else match.end()


@dataclass(slots=True)
class _Level:
    """An open list level: its number of markers in Jira, and the column of its text in Markdown."""

    depth: int
    sign: str
    items: int
    outer: int
    inner: int


class _Blocks:
    """Markdown lines, written block by block."""

    def __init__(self, phrases: Phrases) -> None:
        self.lines: list[str] = []
        self._phrases = phrases
        self._levels: list[_Level] = []
        self._prefix = ""  # prefix of each line, for the quotes and lists around it
        self._outer: list[tuple[str, list[_Level]]] = []  # prefix and list levels outside each open quote
        self._section = 0
        self._is_open = False  # whether a following line of text continues the last line
        self._is_code = False  # whether Markdown parses the last line as code because of its indentation
        self._is_closed = False  # whether the next line has to be kept out of the last block

    def add(self, piece: Piece) -> None:
        if piece.section != self._section:
            self._enter(piece.depth)
            self._section = piece.section
        if piece.is_verbatim:
            self._add_verbatim(piece)
        else:
            self._add_text(piece.text)

    def _enter(self, depth: int) -> None:
        """Closes or opens quotes to reach that depth; a quote inside a list belongs to the list's item."""
        kept = min(depth, len(self._outer)) if depth != len(self._outer) else max(depth - 1, 0)
        is_left = len(self._outer) > kept
        while len(self._outer) > kept:
            self._prefix, self._levels = self._outer.pop()
        self._separate()
        self._is_closed, self._is_open = is_left, False
        while len(self._outer) < depth:
            self._outer.append((self._prefix, self._levels))
            self._prefix += " " * (self._levels[-1].inner if self._levels else 0) + "> "
            self._levels, self._is_closed = [], False

    def _add_verbatim(self, piece: Piece) -> None:
        indent = " " * (self._levels[-1].inner if self._levels else 0)
        if piece.title:
            if not indent:
                self._separate()
            self._emit(f"{indent}**{self._phrases.convert(piece.title)}**")
        for line in fenced(piece.text, language=piece.language):
            self._emit(indent + line if line else line)

    def _add_text(self, text: str) -> None:
        rows: list[str] = []
        lines = text.split("\n")
        index = start = 0
        next_sign = _next_sign(text, 0)
        while index < len(lines):
            line = lines[index]
            end = start + len(line)
            has_signs = next_sign <= end
            if has_signs and line.lstrip()[:1] == "|" and (height := lines_of_row(lines[index : index + LONGEST_ROW])):
                row = lines[index : index + height]
                index += height
                start += sum(map(len, row)) + height
                next_sign = _next_sign(text, start - 1)
                rows.append("\\\\ ".join(map(str.strip, row)))
                continue
            if rows:
                self._add_table(rows)
                rows = []
            index += 1
            start = end + 1
            if has_signs:
                next_sign = _next_sign(text, end)
                self._add_line(line)
            else:
                self._add_plain(line)
        if rows:
            self._add_table(rows)

    def _add_plain(self, line: str) -> None:
        if not self._prefix and not self._is_closed and line and line[0] not in _BLANKS:
            self._break_line()
            self._is_code, self._is_open = False, True
            self.lines.append(line)
            return
        is_blank = not line or line.isspace()
        if is_blank or self._is_closed:
            self._levels.clear()
        is_code = self._goes_on_as_code(line)
        if not is_blank and not is_code:
            self._break_line()
        self._emit(line)
        self._is_code, self._is_open = is_code, not is_blank and not is_code

    def _add_line(self, line: str) -> None:
        first = line.lstrip()[:1]
        if first in "hb" and (found := _HEADING.match(line)):
            self._levels.clear()
            title = self._phrases.convert((found[2] or "").rstrip(), line_break=" ")
            self._emit(heading(title, int(found[1])) if title else "")
        elif first in "hb" and (quoted := _QUOTED_LINE.match(line)):
            self._levels.clear()
            self._emit_prose(self._phrases.convert(quoted[1]), first="> ", others="> ")
            self._is_closed, self._is_open = True, False
        elif first == "-" and _RULE.match(line):
            self._levels.clear()
            self._separate()  # without a blank line, the rule would turn the paragraph above into a heading
            self._emit("---")
        elif first in "*#-" and (item := _ITEM.match(line)):
            self._add_item(item[1], item[2])
        else:
            self._add_prose(line)

    def _add_prose(self, line: str) -> None:
        if self._is_closed:
            self._levels.clear()
        converted = self._phrases.convert(line)
        if self._goes_on_as_code(line):
            if converted == line:
                self._emit(line)
                self._is_code = True
                return
            converted = converted.lstrip()
        self._break_line()
        self._emit_prose(converted)

    def _break_line(self) -> None:
        """Ends the last line with a visible break, because Jira shows every line end."""
        if self._is_open:
            self.lines[-1] = self.lines[-1].rstrip(" \t") + HARD_BREAK[:-1]

    def _goes_on_as_code(self, line: str) -> bool:
        """Whether Markdown takes the line for code because of its indentation, which means nothing in Jira."""
        return line[:1] in _BLANKS and _INDENTED.match(line) is not None and (self._is_code or self._is_after_blank())

    def _add_item(self, signs: str, text: str) -> None:
        depth, sign = len(signs), signs[-1]
        while self._levels and self._levels[-1].depth > depth:
            self._levels.pop()
        if self._levels and self._levels[-1].depth == depth and (self._levels[-1].sign == "#") != (sign == "#"):
            self._levels.pop()
        if not self._levels or self._levels[-1].depth < depth:
            outer = self._levels[-1].inner if self._levels else 0
            self._levels.append(_Level(depth=depth, sign=sign, items=0, outer=outer, inner=outer))
        converted = self._phrases.convert(text).lstrip()
        if not converted.replace(EDGE, "").strip():
            self._separate()  # an empty item does not end the paragraph above
        level = self._levels[-1]
        level.items += 1
        marker = f"{level.items}. " if sign == "#" else "- "
        level.inner = level.outer + len(marker)
        self._emit_prose(converted, first=" " * level.outer + marker, others=" " * level.inner)

    def _add_table(self, rows: list[str]) -> None:
        self._levels.clear()
        self._separate()
        for line in table(rows, lambda cell: self._phrases.convert(cell, line_break="<br>")):
            self._emit(line)
        self._is_closed = True

    def _emit_prose(self, text: str, *, first: str = "", others: str = "") -> None:
        lines = text.replace(EDGE, "").split("\n")
        self._emit(first + escape_line_start(lines[0]))
        for line in lines[1:]:
            self._emit(others + escape_line_start(line))
        self._is_open = bool(lines[-1].strip())

    def _emit(self, line: str) -> None:
        if self._is_closed and line.strip():
            self._separate()
        self._is_closed = self._is_code = self._is_open = False
        self.lines.append(self._prefix + line if line else self._prefix.rstrip())

    def _separate(self) -> None:
        if not self._is_after_blank():
            self.lines.append(self._prefix.rstrip())

    def _is_after_blank(self) -> bool:
        return not self.lines or not self.lines[-1].strip("> \t")
