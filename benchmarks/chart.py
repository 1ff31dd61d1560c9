"""`python -m benchmarks.chart`: results.svg, drawn of RESULTS.md."""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, log10

from benchmarks.figures import MIDDLE
from benchmarks.places import CHART, RESULTS
from benchmarks.results import Row, rates

PANELS = (
    ("The reference list: 50 issues", "The reference list of 50 issues with seven relations"),
    ("`{ viewer { id name } }`", "The signed-in user: { viewer { id name } }"),
)
OURS = "Workgraph"
WIDTH = 840
LABELS = 290
"""Width of the column of names."""
FIGURES = 180
"""Width that the figures need behind the longest bar."""
ROW = 22
BAR = 12
_TOP, _HEAD, _GAP = 46, 34, 22

_STYLE = """
    svg { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 13px; }
    text { fill: #1f2328; }
    .paper { fill: #ffffff; }
    .title { font-size: 15px; font-weight: 600; }
    .note { fill: #59636e; }
    .ours { font-weight: 600; }
    .bar { fill: #8c959f; }
    .bar.ours { fill: #0969da; }
    .spread { stroke: #1f2328; stroke-width: 1.5; }
    .axis { stroke: #d1d9e0; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .paper { fill: #0d1117; }
      .note { fill: #9198a1; }
      .bar { fill: #656c76; }
      .bar.ours { fill: #1f6feb; }
      .spread { stroke: #f0f6fc; }
      .axis { stroke: #3d444d; }
    }
"""


def chart(results: str) -> str:
    """SVG of the requests per second of all servers at MIDDLE connections: bars of medians, lines of spreads."""
    panels = [(title, rates(results, section, connections=MIDDLE)) for section, title in PANELS]
    height = _TOP + sum(_HEAD + ROW * len(rows) + _GAP for _, rows in panels)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        '<title id="title">Requests per second of Workgraph and other servers</title>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
        _text(16, 28, f"Requests per second at {MIDDLE} connections, one process each", "title"),
        _text(WIDTH - 16, 28, "bar: median · line: least to greatest of the rounds", "note", end=True),
    ]
    top = _TOP
    for title, rows in panels:
        lines += _panel(title, sorted(rows, key=lambda row: -row.rate.middle), top)
        top += _HEAD + ROW * len(rows) + _GAP
    return "\n".join([*lines, "</svg>", ""])


def _panel(title: str, rows: Sequence[Row], top: int) -> Iterator[str]:
    most = _rounded_up(max(row.rate.high for row in rows))
    scale = (WIDTH - LABELS - FIGURES) / most
    yield _text(16, top + 20, title, "note")
    bottom = top + _HEAD + ROW * len(rows)
    yield f'<line class="axis" x1="{LABELS}" y1="{top + _HEAD - 4}" x2="{LABELS}" y2="{bottom}"/>'
    for number, row in enumerate(rows):
        yield from _row(row, top + _HEAD + ROW * number, scale)


def _row(row: Row, top: int, scale: float) -> Iterator[str]:
    kind = " ours" if row.server == OURS else ""
    middle = top + ROW / 2
    low, end, high = (LABELS + value * scale for value in (row.rate.low, row.rate.middle, row.rate.high))
    yield _text(LABELS - 8, middle + 4.5, row.server, f"name{kind}", end=True)
    bar = f'x="{LABELS}" y="{middle - BAR / 2:g}" width="{end - LABELS:.1f}" height="{BAR}" rx="2"'
    yield f'<rect class="bar{kind}" {bar}/>'
    if not row.rate.is_single:
        yield f'<line class="spread" x1="{low:.1f}" y1="{middle:g}" x2="{high:.1f}" y2="{middle:g}"/>'
    yield _text(round(max(end, high) + 8, 1), middle + 4.5, _figures(row), f"figure{kind}")


def _figures(row: Row) -> str:
    if row.rate.is_single:
        return f"{row.rate.middle:,.0f}"
    return f"{row.rate.middle:,.0f} ({row.rate.low:,.0f}–{row.rate.high:,.0f})"


def _text(x: float, y: float, text: str, kind: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{anchor}>{escape(text)}</text>'


def _rounded_up(value: float) -> float:
    """The value, rounded up to two digits."""
    step: float = 10.0 ** max(0, int(log10(value)) - 1)
    return ceil(value / step) * step


if __name__ == "__main__":
    CHART.write_text(chart(RESULTS.read_text()))
    print(f"Written to {CHART}")
