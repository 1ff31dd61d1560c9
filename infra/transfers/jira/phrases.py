"""Jira's markup within a line, to Markdown: emphasis, links, mentions, images, escapes.

Every pattern is possessive and stops at the next sign of its own kind, so that time is in
proportion to the length of the line.
"""

import re
from collections.abc import Callable

from infra.transfers.jira.macros import EDGE
from infra.transfers.markdown import HARD_BREAK, code_span, escape_text, image, link

# One literal per branch, because only then the regular expression engine skips ahead by first characters.
SIGNS = (
    r"\\|\*|_(?<![^\W_]_)|_(?![^\W_])|~|`|<(?=[a-zA-Z/!?])|\[|\{(?=[{*_+\-^~])|-(?<![\w-]-)(?=[^\s-])"
    r"|\+(?<![\w+]\+)(?=[^\s+])|\^(?=[^\s^])|\?(?=\?[^\s?])|!(?=[^\s!])"
)
_SIGN = re.compile(SIGNS)
_SIGN_OR_ADDRESS = re.compile(SIGNS + r"|h(?=ttps?://)|f(?=tps?://)|m(?=ailto:)")
_TAGS = {
    "*": ("**", "**"),
    "_": ("_", "_"),
    "-": ("~~", "~~"),
    "+": ("<ins>", "</ins>"),
    "^": ("<sup>", "</sup>"),
    "~": ("<sub>", "</sub>"),
    "??": ("<cite>", "</cite>"),
}
_WITHIN_WORD = ("*", "*")  # emphasis next to a letter, where Markdown treats underscores as text


def _phrase(mark: str) -> re.Pattern[str]:
    sign, first = re.escape(mark), re.escape(mark[0])
    return re.compile(rf"(?<![\w\\{first}]){sign}(?=[^\s{first}])([^{first}\n]++)(?<=[^\s\\]){sign}(?![\w{first}])")


_PHRASES = {mark: _phrase(mark) for mark in _TAGS}
_FORCED = re.compile(r"\{(?P<sign>[*_+\-^~])\}(?=\S)([^{}\n]++)(?<=\S)\{(?P=sign)\}")
_MONOSPACE = re.compile(r"\{\{([^{}\n]*+(?:(?:\{(?!\{)|\}(?!\}))[^{}\n]*+)*+)(\}\}+)")
_BRACKETS = re.compile(r"\[((?:[^\[\]\n\\]|\\.)++)\]")
_MARKDOWN_TARGET = re.compile(r"\]\((https?://[^\s()<>]++)\)")
_IMAGE = re.compile(r"(?<![\w!])!([^\s|!][^|!\n]*+)(?:\|([^!\n]*+))?!(?!!)")
_IMAGE_TARGET = re.compile(r"(?:https?://\S+|[\w(][^<>\n]*\.\w{2,5})")
_TARGET = re.compile(r"(?:[a-z][a-z0-9+.-]*+://|mailto:)[^<>\n]++|\^[^<>\n]+\.\w{2,5}|~[\w.@:+-]++", re.IGNORECASE)
_TARGET_BEHIND_TEXT = re.compile(r"(?:www\.|[#/])[^<>\n]++")
_USER = re.compile(r"~(?:accountid:)?([\w.@:+-]++)")
_BLANK_REST = re.compile(r"\s*+$")
_ADDRESS = re.compile(r"(?<!\w)(?:(?:https?|ftps?)://|mailto:)[^\s<>\[\]{}|\"\\!*]++")
_AUTOLINK = re.compile(r"<(?:https?|ftps?|mailto):[^\s<>]*+>")
_TICKED = re.compile(r"(?<!`)`([^`\n]++)`(?!`)")
_ESCAPED = re.compile(r"\\([{}\[\]*_+^~!|?#-])")
_RUN = {sign: re.compile(rf"{re.escape(sign)}+") for sign in "*_`~"}
_ESCAPABLE = frozenset("{}[]*_+^~!|?#-")
_STAYS_ESCAPED = frozenset("[]*_~#!|`<")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

Replacement = tuple[str, int]


class Phrases:
    """Converts inline markup; `mention` converts a user's name, as in [~name], to Markdown."""

    def __init__(self, *, mention: Callable[[str], str]) -> None:
        self._mention = mention
        self._handlers: dict[str, Callable[[str, int, str], Replacement | None]] = {
            "\\": self._backslash,
            "[": self._bracket,
            "{": self._brace,
            "!": self._image,
            "`": self._tick,
            "<": self._angle,
            "h": self._address,
            "f": self._address,
            "m": self._address,
        }

    def convert(self, line: str, *, line_break: str = HARD_BREAK) -> str:
        """The line as Markdown; `line_break` stands for Jira's forced break."""
        find = (_SIGN_OR_ADDRESS if "://" in line or "mailto:" in line else _SIGN).search
        match = find(line)
        if match is None:
            return line
        parts: list[str] = []
        done = 0
        while match is not None:
            start = match.start()
            sign = line[start]
            handler = self._handlers.get(sign, self._mark)
            replaced = handler(line, start, line_break)
            if replaced is None:
                match = find(line, start + 1)
                continue
            parts.append(line[done:start])
            parts.append(replaced[0])
            done = replaced[1]
            match = find(line, done)
        parts.append(line[done:])
        return "".join(parts)

    def _mark(self, line: str, start: int, line_break: str) -> Replacement | None:
        mark = "??" if line[start] == "?" else line[start]
        match = _PHRASES[mark].match(line, start)
        if match is not None:
            is_at_edge = EDGE in (line[start - 1 : start], line[match.end() : match.end() + 1])
            opening, closing = _WITHIN_WORD if mark == "_" and is_at_edge else _TAGS[mark]
            return opening + self.convert(match[1], line_break=line_break) + closing, match.end()
        if mark not in "*_~":
            return None
        return _literal_run(line, start)

    def _backslash(self, line: str, start: int, line_break: str) -> Replacement | None:
        following = line[start + 1 : start + 2]
        if following == "\\":
            return _backslashes(line, start, line_break)
        if following in _ESCAPABLE:
            return (f"\\{following}" if following in _STAYS_ESCAPED else following), start + 2
        # Markdown would read the backslash at the end of a line as a line break
        if not following or following in _PUNCTUATION:
            return "\\\\", start + 1
        return None

    def _bracket(self, line: str, start: int, line_break: str) -> Replacement | None:
        match = _BRACKETS.match(line, start)
        if match is None:
            return None
        end = match.end()
        reference = self._reference(match[1], line_break)
        if reference is not None:
            return reference, end
        if line.startswith("(", end):
            markdown = _MARKDOWN_TARGET.match(line, end - 1)
            return (line[start : markdown.end()], markdown.end()) if markdown else ("\\[", start + 1)
        return None

    def _reference(self, inside: str, line_break: str) -> str | None:
        text, _, rest = inside.partition("|")
        target, _, tip = rest.partition("|")
        if not rest:
            text, target = "", text
        target = target.strip()
        if _TARGET.fullmatch(target) is None and (not text or _TARGET_BEHIND_TEXT.fullmatch(target) is None):
            return None
        user = _USER.fullmatch(target)
        if user is not None:
            return f"{self.convert(text, line_break=line_break)} {self._mention(user[1])}".lstrip()
        if not text.strip() or text.strip() == target:
            return _bare_link(target)
        words = text if not tip or tip.startswith("smart-") else f"{text} ({tip})"
        if target.startswith("^"):
            return f"{self.convert(words, line_break=' ')} ({escape_text(target[1:])})"
        return link(self.convert(words, line_break=" "), target)

    def _brace(self, line: str, start: int, line_break: str) -> Replacement | None:
        match = _MONOSPACE.match(line, start)
        if match is not None:
            return self._monospace(line, match)
        forced = _FORCED.match(line, start)
        if forced is not None:
            opening, closing = _WITHIN_WORD if forced["sign"] == "_" else _TAGS[forced["sign"]]
            return opening + self.convert(forced[2], line_break=line_break) + closing, forced.end()
        return None

    def _monospace(self, line: str, match: re.Match[str]) -> Replacement:
        """Monospace text, merged with adjacent monospace text because adjacent code spans would parse differently."""
        parts: list[str] = []
        end = match.start()
        following: re.Match[str] | None = match
        while following is not None:
            parts.append(_ESCAPED.sub(r"\1", following[1] + following[2][:-2]))
            end = following.end()
            following = _MONOSPACE.match(line, end)
        code = "".join(parts).replace(EDGE, "")
        return (code_span(code) if code.strip() else code), end

    def _image(self, line: str, start: int, line_break: str) -> Replacement | None:
        if line.startswith("[", start + 1):
            brackets = _BRACKETS.match(line, start + 1)
            target = None if brackets is None else _MARKDOWN_TARGET.match(line, brackets.end() - 1)
            return (line[start : target.end()], target.end()) if target else ("\\!", start + 1)
        match = _IMAGE.match(line, start)
        if match is None or _IMAGE_TARGET.fullmatch(match[1]) is None:
            return None
        name = match[1].strip()
        if not name.lower().startswith(("http://", "https://")):
            return escape_text(name), match.end()  # a Jira attachment; imports do not include attachments
        return image(escape_text(name.rpartition("/")[2] or name), name), match.end()

    def _tick(self, line: str, start: int, line_break: str) -> Replacement | None:
        # Jira has no backticks; users write them as in Markdown.
        match = _TICKED.match(line, start)
        return (match[0], match.end()) if match else _escaped_run(line, start)

    def _angle(self, line: str, start: int, line_break: str) -> Replacement | None:
        match = _AUTOLINK.match(line, start)
        if match is not None:
            return match[0], match.end()
        return "\\<", start + 1

    def _address(self, line: str, start: int, line_break: str) -> Replacement | None:
        match = _ADDRESS.match(line, start)
        return (match[0], match.end()) if match else None


def _literal_run(line: str, start: int) -> Replacement | None:
    """Characters that Jira shows literally, escaped if Markdown would interpret them."""
    end = _end_of_run(line, start)
    before, after = line[start - 1 : start], line[end : end + 1]
    is_between_spaces = (not before or before.isspace()) and (not after or after.isspace())
    is_within_word = line[start] == "_" and before.isalnum() and after.isalnum()
    is_opening_only = line[start] == "~" and end == start + 1 and (not before or before.isspace())
    if is_between_spaces or is_within_word or is_opening_only:
        return line[start:end], end
    return _escaped_run(line, start)


def _escaped_run(line: str, start: int) -> Replacement:
    end = _end_of_run(line, start)
    return f"\\{line[start]}" * (end - start), end


def _end_of_run(line: str, start: int) -> int:
    match = _RUN[line[start]].match(line, start)
    return match.end() if match else start + 1


def _backslashes(line: str, start: int, line_break: str) -> Replacement:
    end = start + 2
    while line.startswith("\\", end):
        end += 1
    before, after = line[start - 1 : start], line[end : end + 1]
    is_network_path = (not before or before.isspace()) and after.isalnum()
    if end - start > 2 or is_network_path:
        return "\\\\" * (end - start), end
    if _BLANK_REST.match(line, end):
        return "  ", len(line)
    while line[end].isspace():
        end += 1
    return line_break, end


def _bare_link(target: str) -> str:
    if target.startswith("^"):
        return escape_text(target[1:])
    return f"<{target}>" if ":" in target and " " not in target else target
