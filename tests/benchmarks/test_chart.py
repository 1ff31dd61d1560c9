"""The chart shows the figures of RESULTS.md, readable in light and dark."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks.chart import OURS, PANELS, chart
from benchmarks.figures import Spread
from benchmarks.places import CHART, RESULTS, ROOT
from benchmarks.results import goals, rates, spread_in

SVG = "{http://www.w3.org/2000/svg}"
WIDEST = 0.55  # of a character, on average, in units of the font size; measured 0.5 to 0.53 in several fonts
SHORT = """## Goals

| Workgraph : the other | required | aim | by requests/s | by server CPU | verdict |
| --- | ---: | ---: | ---: | ---: | ---: |
| list : stock | ≥ 15 | ≥ 20 | **16.10 (15.00–17.25)** | 14.00 | reached |
| update : before | ≤ 0.45 | ≤ 0.35 |  |  | not measured: no history |

## `{ viewer { id name } }`

| 8 connections | requests/s | Workgraph is … times it | p50 ms |
| --- | ---: | ---: | ---: |
| Workgraph | 3000 (2500–3100) |  | 2.5 |
| A & B | 12000, **7 failed** | 0.25 | 2.6 |

## The reference list: 50 issues

| 8 connections | requests/s | Workgraph is … times it | p50 ms |
| --- | ---: | ---: | ---: |
| Workgraph | 900 |  | 2.5 |
| A & B | 90 (80–95) | 10.00 (9.00–11.00) | 2.6 |

| 1 connection | requests/s | Workgraph is … times it | p50 ms |
| --- | ---: | ---: | ---: |
| Workgraph | 5 |  | 2.5 |
"""


@pytest.fixture(params=["RESULTS.md", "short"])
def results(request: pytest.FixtureRequest) -> str:
    return RESULTS.read_text() if request.param == "RESULTS.md" else SHORT


def texts(drawn: str, kind: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(drawn).iter(f"{SVG}text") if kind in classes(each)]


def classes(element: ElementTree.Element) -> list[str]:
    return element.get("class", "").split()


def test_the_chart_is_that_of_the_results_and_the_readme_shows_it() -> None:
    assert CHART.read_text() == chart(RESULTS.read_text())
    assert re.search(r"!\[[^\]]{40,}\]\(benchmarks/results\.svg\)", (ROOT / "README.md").read_text())


def test_all_servers_are_shown_with_their_figures_fastest_first(results: str) -> None:
    drawn = chart(results)
    shown = list(zip(texts(drawn, "name"), texts(drawn, "figure"), strict=True))
    expected = []
    for section, _ in PANELS:
        rows = rates(results, section, connections=8)
        assert len(rows) >= 2
        assert all(first.rate.middle >= second.rate.middle for first, second in pairwise(sorted(rows, key=_slowness)))
        expected += [(row.server, spread_in(_plain(row.rate))) for row in sorted(rows, key=_slowness)]
    assert [(name, spread_in(figures)) for name, figures in shown] == expected
    assert texts(drawn, "ours") == [text for pair in shown if pair[0] == OURS for text in pair]


def _slowness(row: object) -> float:
    return -row.rate.middle  # type: ignore[attr-defined]


def _plain(rate: Spread) -> str:
    ends = "" if rate.is_single else f" ({rate.low:.0f}–{rate.high:.0f})"
    return f"{rate.middle:.0f}{ends}"


def test_bars_and_spreads_are_as_long_as_their_figures(results: str) -> None:
    root = ElementTree.fromstring(chart(results))
    bars = [each for each in root.iter(f"{SVG}rect") if "bar" in classes(each)]
    rows = [row for section, _ in PANELS for row in sorted(rates(results, section, connections=8), key=_slowness)]
    widths = [float(bar.get("width", "")) for bar in bars]
    first = len(rates(results, PANELS[0][0], connections=8))
    for panel in (slice(0, first), slice(first, None)):
        scales = [width / row.rate.middle for width, row in zip(widths[panel], rows[panel], strict=True)]
        assert max(scales) - min(scales) < 0.1 / min(row.rate.middle for row in rows[panel])
    spreads = [each for each in root.iter(f"{SVG}line") if "spread" in classes(each)]
    assert len(spreads) == sum(not row.rate.is_single for row in rows)
    assert all(float(each.get("x1", "")) < float(each.get("x2", "")) for each in spreads)


def test_texts_are_inside_of_the_picture(results: str) -> None:
    root = ElementTree.fromstring(chart(results))
    left, top, width, height = map(float, root.get("viewBox", "").split())
    found = list(root.iter(f"{SVG}text"))
    assert len(found) > 8
    for each in found:
        x, y = float(each.get("x", "")), float(each.get("y", ""))
        size = 15 if "title" in classes(each) else 13
        length = len(each.text or "") * size * WIDEST
        begin = x - length if each.get("text-anchor") == "end" else x
        assert left <= begin <= begin + length <= left + width, each.text
        assert top + size <= y <= top + height - 4, each.text


def schemes(drawn: str) -> Iterator[Mapping[str, str]]:
    """Colors of each scheme by selector."""
    style = ElementTree.fromstring(drawn).findtext(f"{SVG}style") or ""
    light, dark = re.split(r"@media \(prefers-color-scheme: dark\)", style)
    colors = dict(_colors(light))
    yield colors
    yield colors | dict(_colors(dark))
    assert dict(_colors(light)).keys() == dict(_colors(dark)).keys()


def _colors(style: str) -> Iterator[tuple[str, str]]:
    for selector, rules in re.findall(r"([.\w ]+?) \{ ([^}]*) \}", style):
        if color := re.search(r"(?:fill|stroke): (#\w{6})", rules):
            yield selector.strip(), color[1]


def contrast(first: str, second: str) -> float:
    """Contrast of two colors as WCAG defines it, from 1 to 21."""
    dark, light = sorted(map(_luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_that_of_the_standard() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


def test_colors_differ_enough_in_light_and_dark() -> None:
    both = list(schemes(chart(SHORT)))
    assert both[0]["text"] != both[1]["text"]
    for colors in both:
        for kind in ("text", ".note"):
            assert contrast(colors[kind], colors[".paper"]) >= 4.5, kind
        for bar in (".bar", ".bar.ours"):
            assert contrast(colors[bar], colors[".paper"]) >= 3, bar
            assert contrast(colors[".spread"], colors[bar]) >= 3, bar
        assert contrast(colors[".spread"], colors[".paper"]) >= 3


def test_goals_are_read_as_they_were_written() -> None:
    reached, unmeasured = goals(SHORT)
    assert (reached.text, reached.required, reached.aim, reached.verdict) == ("list : stock", "≥ 15", "≥ 20", "reached")
    assert (reached.by_rate, reached.by_cpu) == (Spread(16.1, 15.0, 17.25), Spread(14.0, 14.0, 14.0))
    assert (unmeasured.by_rate, unmeasured.by_cpu, unmeasured.verdict) == (None, None, "not measured: no history")
    with pytest.raises(ValueError, match="no section"):
        rates(SHORT, "One issue", connections=8)
    assert rates(SHORT, "`{ viewer", connections=64) == []
