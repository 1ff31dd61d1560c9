"""Tables of the Atlassian Document Format, to GFM, whose cells hold one line of text each."""

from collections.abc import Iterator, Sequence

from infra.transfers.jira.adf_inline import INLINE, Inline
from infra.transfers.jira.adf_nodes import (
    Losses,
    Node,
    children_of,
    code_of,
    inside,
    number_attribute,
    plain_text,
    type_of,
)
from infra.transfers.markdown import code_span, table_rows

MOST_COLUMNS = 100
_BREAK = "<br>"
_LISTS = frozenset(("bulletList", "orderedList", "taskList", "decisionList"))
_DEEPEST = 5  # containers within a cell


class Tables:
    def __init__(self, inline: Inline, losses: Losses) -> None:
        self._inline = inline
        self._losses = losses

    def lines(self, node: Node) -> list[str]:
        """The lines of the table, with an empty header row if the table has no header."""
        rows = [children_of(row) if type_of(row) == "tableRow" else [row] for row in children_of(node)]
        rows = [row for row in rows if row]
        if not rows:
            return []
        has_header = all(type_of(cell) == "tableHeader" for cell in rows[0])
        cells = [list(self._row(row, is_header=has_header and row is rows[0])) for row in rows]
        return table_rows(cells[0] if has_header else [], cells[1:] if has_header else cells)

    def _row(self, cells: Sequence[Node], *, is_header: bool) -> Iterator[str]:
        width = 0
        for cell in cells:
            text = _BREAK.join(filter(None, self._cell(inside(cell), 0)))
            yield f"**{text}**" if text and type_of(cell) == "tableHeader" and not is_header else text
            spanned = number_attribute(cell, "colspan", least=1, most=MOST_COLUMNS, default=1)
            if spanned > 1:
                self._losses.note("colspan")
            if number_attribute(cell, "rowspan", least=2, most=2**31, default=0):
                self._losses.note("rowspan")
            width += spanned
            if width <= MOST_COLUMNS:
                yield from [""] * (spanned - 1)

    def _cell(self, nodes: Sequence[Node], depth: int) -> Iterator[str]:
        """The lines of a cell, with block nodes flattened to inline text."""
        for node in nodes:
            kind = type_of(node)
            if kind in INLINE:
                yield self._inline.convert([node], line_break=_BREAK, is_in_cell=True)
            elif kind in ("paragraph", "heading", "caption"):
                yield self._inline.convert(children_of(node), line_break=_BREAK, is_in_cell=True)
            elif kind in ("mediaSingle", "mediaGroup"):
                yield from self._cell(children_of(node), depth + 1) if depth < _DEEPEST else ()
            else:
                self._losses.note(f"tableCell.{kind}")
                yield from self._flattened(node, kind, depth)

    def _flattened(self, node: Node, kind: str, depth: int) -> Iterator[str]:
        children = children_of(node)
        if kind == "codeBlock":
            code = self._losses.storable(code_of(node))
            yield from (code_span(line).replace("|", "\\|") for line in code.split("\n") if line.strip())
        elif depth >= _DEEPEST or kind == "table" or not children:
            yield self._inline.convert([{"type": "text", "text": plain_text([node])}], is_in_cell=True)
        elif kind in _LISTS:
            for number, item in enumerate(children, 1):
                lines = list(self._cell([item] if type_of(item) in _LISTS else inside(item), depth + 1))
                sign = f"{number}." if kind == "orderedList" else "•"
                yield f"{sign} {_BREAK.join(filter(None, lines))}"
        else:
            yield from self._cell(children, depth + 1)
