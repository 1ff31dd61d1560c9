"""The Atlassian Document Format of Jira Cloud (REST v3), to Markdown: CommonMark with GFM's tables and task lists.

All text of the document is kept. Nodes and marks without a Markdown equivalent are reduced to their text and
counted. Depth is bounded; time is proportional to the size of the document.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, takewhile

from infra.transfers.jira.adf_inline import INLINE, Inline, MentionName
from infra.transfers.jira.adf_nodes import (
    Losses,
    Node,
    attribute,
    children_of,
    code_of,
    inside,
    marks_of,
    number_attribute,
    plain_text,
    text_attribute,
    type_of,
)
from infra.transfers.jira.adf_tables import Tables
from infra.transfers.markdown import escape_text_start, fenced, heading

DEEPEST = 30  # levels of nodes; deeper nodes are reduced to their text
_LARGEST_NUMBER = 999_999_999  # of a list item in CommonMark
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}", re.ASCII)
_PANELS = {"info": "Info", "note": "Note", "tip": "Tip", "success": "Success", "warning": "Warning", "error": "Error"}
_BULLETS = frozenset(("bulletList", "taskList", "decisionList"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """Markdown, the number of nodes and marks without equivalent, and the number of replaced characters."""

    text: str
    losses: Mapping[str, int]
    replaced: int


def adf_to_markdown(
    document: Node, *, mention: MentionName = lambda account_id, shown: shown or account_id
) -> Converted:
    """The document as Markdown; `mention` names a person by the account id and the name that the document shows."""
    losses = Losses()
    blocks = _Blocks(losses, mention)
    blocks.add(children_of(document))
    return Converted(text="\n".join(blocks.lines), losses=losses.counts, replaced=losses.replaced)


class _Blocks:
    """Lines of Markdown. `_prefix` starts each line, `_first` the next line only."""

    def __init__(self, losses: Losses, mention: MentionName) -> None:
        self.lines: list[str] = []
        self._losses = losses
        self._inline = Inline(losses, mention)
        self._tables = Tables(self._inline, losses)
        self._prefix = ""
        self._first: str | None = None
        self._has_gap = False  # whether a blank line has to separate the next block from a preceding one
        self._depth = 0
        self._handlers: dict[str, Callable[[Node, str], None]] = {
            "paragraph": lambda node, _: self._paragraph(children_of(node)),
            "caption": lambda node, _: self._paragraph(children_of(node)),
            "mediaSingle": lambda node, _: self.add(children_of(node)),
            "mediaGroup": lambda node, _: self.add(children_of(node)),
            "heading": lambda node, _: self._heading(node),
            "rule": lambda _, __: self._rule(),
            "codeBlock": lambda node, _: self._code(node),
            "blockquote": lambda node, _: self._quote(children_of(node)),
            "panel": lambda node, _: self._panel(node),
            "expand": lambda node, _: self._expand(node),
            "nestedExpand": lambda node, _: self._expand(node),
            "bulletList": self._list,
            "orderedList": self._list,
            "taskList": self._list,
            "decisionList": self._list,
            "table": lambda node, _: self._block(self._tables.lines(node)),
            "blockCard": lambda node, _: self._paragraph([{**node, "type": "inlineCard"}]),
            "embedCard": lambda node, _: self._paragraph([{**node, "type": "inlineCard"}]),
        }

    def add(self, nodes: Sequence[Node]) -> None:
        """Writes the blocks in order; text between blocks becomes a separate paragraph."""
        if self._depth >= DEEPEST:
            self._losses.note("depth")
            self._paragraph([{"type": "text", "text": plain_text(nodes)}])
            return
        self._depth += 1
        # Three nested bullets without text between them, "- - -", would be a rule.
        marker = "-" if self._first is not None and self._first.endswith("- ") else ""
        for is_inline, group in groupby(nodes, key=lambda node: type_of(node) in INLINE):
            if is_inline:
                self._paragraph(list(group))
                marker = ""
                continue
            for node in group:
                # Adjacent lists with one marker would merge into one list.
                marker = _other_marker(type_of(node), marker)
                self._node(node, marker)
        self._depth -= 1

    def _node(self, node: Node, marker: str) -> None:
        kind = type_of(node)
        for mark in marks_of(node):
            self._losses.note(type_of(mark))
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(node, marker)
            return
        self._losses.note(kind)
        if children := children_of(node):
            self.add(children)
        else:
            self._paragraph([{"type": "text", "text": plain_text([node])}])

    def _paragraph(self, nodes: Sequence[Node]) -> None:
        text = self._inline.convert(nodes)
        if text:
            self._block([escape_text_start(line) for line in text.split("\n")])

    def _heading(self, node: Node) -> None:
        text = self._inline.convert(children_of(node), line_break=" ")
        if text:
            self._block([heading(text, number_attribute(node, "level", least=1, most=6, default=6))])

    def _rule(self) -> None:
        if self._first is not None:
            self._line("")  # directly after a list marker, marker and rule would form one rule
        self._block(["---"])

    def _code(self, node: Node) -> None:
        language = text_attribute(node, "language").strip()
        code = self._losses.storable(code_of(node))
        self._block(fenced(code, language=language if _LANGUAGE.fullmatch(language) else ""))

    def _quote(self, nodes: Sequence[Node]) -> None:
        self._open()
        with self._within("> ", "> "):
            self.add(nodes)
            if self._first is not None:
                self._line("")
        self._has_gap = True

    def _panel(self, node: Node) -> None:
        label = _PANELS.get(text_attribute(node, "panelType"), text_attribute(node, "panelIconText"))
        self._quote([*_bold(label), *children_of(node)])

    def _expand(self, node: Node) -> None:
        self.add([*_bold(text_attribute(node, "title")), *children_of(node)])

    def _list(self, node: Node, marker: str) -> None:
        kind = type_of(node)
        if kind == "decisionList":
            self._losses.note(kind)
        number = _first_number(node)
        self._open()
        for place, item in enumerate(children_of(node)):
            if type_of(item) in self._handlers and self._first is None:
                self._nested(item, marker)
                continue
            sign = marker if kind in _BULLETS else f"{min(number + place, _LARGEST_NUMBER)}{marker}"
            self._item(item, sign)
        self._has_gap = True

    def _nested(self, node: Node, marker: str) -> None:
        """A block between items, such as a nested task list; it belongs to the preceding item."""
        self._has_gap = False
        with self._within(" " * (len(marker) + 1), None):
            self._node(node, marker)

    def _item(self, item: Node, sign: str) -> None:
        box = ""
        if type_of(item) in ("taskItem", "blockTaskItem"):
            box = "[x] " if attribute(item, "state") == "DONE" else "[ ] "
        self._has_gap = False
        with self._within(" " * (len(sign) + 1), f"{sign} {box}"):
            # Items of task lists contain text without an enclosing paragraph.
            content = inside(item)
            inline = list(takewhile(lambda node: type_of(node) in INLINE, content))
            self._paragraph(inline)
            blocks = content[len(inline) :]
            if not inline and blocks and type_of(blocks[0]) == "paragraph":
                self._node(blocks.pop(0), "")
            if blocks and self._first is None and _interrupts(blocks[0]):
                self._has_gap = False  # no blank line where a list follows the item's text
            self.add(blocks)
            if self._first is not None:
                self._line("")

    def _block(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        self._open()
        for line in lines:
            self._line(line)
        self._has_gap = True

    def _open(self) -> None:
        if self._has_gap:
            self._line("")
        self._has_gap = False

    def _line(self, text: str) -> None:
        prefix = self._prefix if self._first is None else self._first
        self._first = None
        self.lines.append(prefix + text if text else prefix.rstrip())

    @contextmanager
    def _within(self, prefix: str, first: str | None) -> Iterator[None]:
        """Adds `prefix` to the start of each line; the next line gets `first` instead."""
        outer = self._prefix
        if first is not None:
            self._first = (outer if self._first is None else self._first) + first
        self._prefix += prefix
        yield
        self._prefix = outer


def _other_marker(kind: str, before: str) -> str:
    """The marker of a list, different from that of an adjacent list of the same kind; "" for other blocks."""
    if kind in _BULLETS:
        return "*" if before == "-" else "-"
    if kind == "orderedList":
        return ")" if before == "." else "."
    return ""


def _bold(text: str) -> list[Node]:
    if not text:
        return []
    return [{"type": "paragraph", "content": [{"type": "text", "text": text, "marks": [{"type": "strong"}]}]}]


def _interrupts(node: Node) -> bool:
    """Whether CommonMark recognizes a list in this node directly below a line of text."""
    kind, items = type_of(node), children_of(node)
    is_first = kind in _BULLETS or (kind == "orderedList" and _first_number(node) == 1)
    return is_first and bool(items) and bool(plain_text(items[:1]))


def _first_number(node: Node) -> int:
    return number_attribute(node, "order", least=0, most=_LARGEST_NUMBER, default=1)
