"""Text within a paragraph of the Atlassian Document Format, to Markdown: marks, links, mentions, dates.

Characters with a meaning in Markdown are escaped. Emphasis uses Markdown delimiters where CommonMark's rules are
certain to pair them, and HTML tags elsewhere.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from string import punctuation

from infra.transfers.jira.adf_nodes import (
    Losses,
    Node,
    attribute,
    marks_of,
    plain_text,
    text_attribute,
    text_of,
    type_of,
)
from infra.transfers.markdown import HARD_BREAK, code_span, escape_text, image, link_target

Mark = tuple[str, str]
MentionName = Callable[[str, str], str]
"""A person's name, from the account id and the text that the document shows for it."""

INLINE = frozenset(
    (
        *("date", "emoji", "hardBreak", "inlineCard", "inlineExtension", "media", "mediaInline", "mention"),
        *("placeholder", "status", "text"),
    )
)
_ORDER = ("link", "strong", "em", "strike", "underline", "sub", "sup", "code")  # from the outermost mark inwards
_SIGNS = {"strong": "**", "em": "*", "strike": "~~"}
_TAGS = {"strong": "strong", "em": "em", "strike": "del", "underline": "ins", "sub": "sub", "sup": "sup"}
_AUTOLINK = re.compile(r"(?:https?|ftp|mailto):[^\s<>|\\`*\[\]]++", re.IGNORECASE)
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]*+://|mailto:|tel:|[/#?])", re.IGNORECASE)
_MARK = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Text with one set of marks; `markdown` replaces the text of other inline nodes."""

    text: str
    marks: tuple[Mark, ...] = ()
    markdown: str = ""


class Inline:
    def __init__(self, losses: Losses, mention: MentionName) -> None:
        self._losses = losses
        self._mention = mention
        self._is_in_cell = False
        self._handlers: dict[str, Callable[[Node], _Run]] = {
            "text": lambda node: _Run(text=text_of(node)),
            "hardBreak": lambda _: _Run(text="\n"),
            "mention": self._mentioned,
            "emoji": lambda node: _Run(text=text_attribute(node, "text", "shortName")),
            "date": lambda node: _Run(text=_day(attribute(node, "timestamp"))),
            "status": lambda node: _Run(text=text_attribute(node, "text")),
            "inlineCard": self._card,
            "media": self._media,
            "mediaInline": self._media,
        }

    def convert(self, nodes: Iterable[Node], *, line_break: str = HARD_BREAK, is_in_cell: bool = False) -> str:
        """One block's text as Markdown."""
        self._is_in_cell = is_in_cell
        lines = [self._spans(line, 0, before="", after="").strip() for line in _lines(self._runs(nodes))]
        if line_break != HARD_BREAK:
            return line_break.join(lines).strip()
        # Two blanks before an empty line would be a line break without following text.
        followed = zip(lines, [*lines[1:], ""], strict=True)
        return "\n".join(line + "  " if line and following else line for line, following in followed).strip()

    def _runs(self, nodes: Iterable[Node]) -> Iterator[_Run]:
        for node in nodes:
            handler = self._handlers.get(type_of(node))
            if handler is None:
                self._losses.note(type_of(node))
                run = _Run(text=plain_text([node]))
            else:
                run = handler(node)
            marks = self._marks(node)
            if any(kind == "link" for kind, _ in run.marks):
                marks = [mark for mark in marks if mark[0] != "link"]
            ordered = sorted({*run.marks, *marks}, key=lambda mark: _ORDER.index(mark[0]))
            yield replace(run, text=self._losses.storable(run.text), marks=tuple(ordered))

    def _marks(self, node: Node) -> list[Mark]:
        found = dict[str, Mark]()
        for mark in marks_of(node):
            kind = type_of(mark)
            if kind == "subsup":
                kind = text_attribute(mark, "type")
            target = text_attribute(mark, "href") if kind == "link" else ""
            if kind not in _ORDER or (kind == "link" and _LINK.match(target) is None):
                self._losses.note(kind)
            else:
                found.setdefault(kind, (kind, target))
        return list(found.values())

    def _mentioned(self, node: Node) -> _Run:
        shown = text_attribute(node, "text").removeprefix("@")
        return _Run(text="@" + self._mention(text_attribute(node, "id"), shown))

    def _card(self, node: Node) -> _Run:
        """A link that Jira shows with the title of its page; the document rarely contains the title."""
        data = attribute(node, "data")
        inside: Node = {"attrs": data} if isinstance(data, dict) else {}
        target = text_attribute(node, "url") or text_attribute(inside, "url")
        text = text_attribute(inside, "name") or target
        if _LINK.match(target) is None:
            self._losses.note("inlineCard")
            return _Run(text=text)
        return _Run(text=text, marks=(("link", target),))

    def _media(self, node: Node) -> _Run:
        """An external image as an image, an attachment as its name because imports do not include attachments."""
        name = text_attribute(node, "alt", "__fileName")
        target = text_attribute(node, "url")
        if type_of(node) == "media" and target.lower().startswith(("http://", "https://")):
            return _Run(text=name, markdown=image(escape_text(self._losses.storable(" ".join(name.split()))), target))
        self._losses.note("media")
        return _Run(text=name or "attachment")

    def _spans(self, runs: Sequence[_Run], depth: int, *, before: str, after: str) -> str:
        """Markdown of runs whose first `depth` marks are written; `before` and `after` are adjacent characters."""
        groups = [(mark, list(group)) for mark, group in groupby(runs, key=lambda run: _mark_at(run, depth))]
        parts: list[str] = []
        for index, (mark, group) in enumerate(groups):
            last = parts[-1][-1:] if parts else before
            following = _first_of(groups[index + 1]) if index + 1 < len(groups) else after
            if mark is None:
                written = "".join(run.markdown or escape_text(run.text) for run in _merged(group))
            elif mark[0] == "code":
                written = self._code("".join(run.text for run in group))
            else:
                written = self._marked(mark, group, depth + 1, before=last, after=following)
            if written:
                parts.append(written)
        return "".join(parts)

    def _code(self, text: str) -> str:
        if not text.strip():
            return text
        code = code_span(text)
        return code.replace("|", "\\|") if self._is_in_cell else code

    def _marked(self, mark: Mark, group: Sequence[_Run], depth: int, *, before: str, after: str) -> str:
        kind, target = mark
        inner = self._spans(group, depth, before="(", after=")")
        core = inner.strip()
        if not core:
            return inner
        start = inner.index(core)
        lead, trail = inner[:start], inner[start + len(core) :]
        if kind == "link":
            is_plain = all(len(run.marks) == depth and not run.markdown for run in group)
            text = "".join(run.text for run in group).strip()
            is_bare = is_plain and text == target and _AUTOLINK.fullmatch(target) is not None
            return lead + (f"<{target}>" if is_bare else f"[{core}]({link_target(target)})") + trail
        sign = _SIGNS.get(kind, "")
        is_single = len({_mark_at(run, depth) for run in group}) == 1
        if sign and _is_paired(sign, core, lead[-1:] or before, trail[:1] or after, is_single=is_single):
            return lead + sign + core + sign + trail
        return f"{lead}<{_TAGS[kind]}>{core}</{_TAGS[kind]}>{trail}"


def _lines(runs: Iterable[_Run]) -> list[list[_Run]]:
    lines: list[list[_Run]] = [[]]
    for run in runs:
        if run.markdown:
            lines[-1].append(run)
            continue
        for place, line in enumerate(run.text.split("\n")):
            if place:
                lines.append([])
            if line:
                lines[-1].append(replace(run, text=line))
    return lines


def _merged(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Runs of text merged into one, because a Markdown delimiter may span two runs."""
    for is_text, group in groupby(runs, key=lambda run: not run.markdown):
        if is_text:
            yield _Run(text="".join(run.text for run in group))
        else:
            yield from group


def _mark_at(run: _Run, depth: int) -> Mark | None:
    return run.marks[depth] if depth < len(run.marks) else None


def _first_of(group: tuple[Mark | None, Sequence[_Run]]) -> str:
    mark, runs = group
    return _MARK if mark else (runs[0].markdown or runs[0].text)[:1] or _MARK


def _is_paired(sign: str, core: str, before: str, after: str, *, is_single: bool) -> bool:
    """Whether CommonMark is certain to pair the delimiters around the text."""
    own = sign[0]
    if is_single and sign == "**" and len(core) > 2 and core[0] == own == core[-1] and core[1] != own != core[-2]:
        core = core[1:-1]  # three delimiters enclose both marks
    if own in (core[0], core[-1], before) or (after == own and sign == "~~"):
        return False
    opens = not _may_be_sign(core[0]) or _is_sign_or_blank(before)
    return opens and (not _may_be_sign(core[-1]) or _is_sign_or_blank(after))


def _may_be_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_sign_or_blank(character: str) -> bool:
    return not character or character.isspace() or character in punctuation


def _day(timestamp: object) -> str:
    """The day of a time in milliseconds, as Jira shows it; "" for anything else."""
    try:
        return datetime.fromtimestamp(int(str(timestamp)) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
