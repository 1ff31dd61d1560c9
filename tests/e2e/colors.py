"""Texts of a page with their colors, and the contrast between these (WCAG 2.2, 1.4.3)."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from tests.e2e.browser import Page

AA_CONTRAST = 4.5
"""Least contrast of text that is not large."""

Color = tuple[float, float, float]
WHITE: Color = (255, 255, 255)

# Whoever is disabled need not be readable. What a color lies on are the backgrounds of all that it is in.
TEXTS = """(() => {
  const holdsText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const under = (each) => each === null ? [] : [getComputedStyle(each).backgroundColor, ...under(each.parentElement)];
  const told = (text, style, each) => ({ text, color: style.color, backgrounds: under(each) });
  const found = [];
  for (const each of document.querySelectorAll(SELECTOR)) {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.closest(":disabled")) continue;
    if (each.placeholder) found.push(told(each.placeholder, getComputedStyle(each, "::placeholder"), each));
    if (holdsText(each) || each.value) found.push(told(each.innerText || each.value, getComputedStyle(each), each));
  }
  return JSON.stringify(found);
})()"""


@dataclass(frozen=True)
class Text:
    text: str
    color: Color
    background: Color

    @property
    def contrast(self) -> float:
        """Contrast of two colors, between 1 and 21."""
        darker, lighter = sorted((_luminance(self.color), _luminance(self.background)))
        return (lighter + 0.05) / (darker + 0.05)


async def texts(page: Page, selector: str) -> list[Text]:
    """Texts of the visible elements that match the selector, in page order."""
    found: list[dict[str, Any]] = orjson.loads(await page.run(TEXTS.replace("SELECTOR", repr(selector))))
    return [_seen(**each) for each in found]


def _seen(text: str, color: str, backgrounds: list[str]) -> Text:
    ground = WHITE
    for each in reversed(backgrounds):
        ground = over(each, ground)
    return Text(text, over(color, ground), ground)


def over(color: str, ground: Color) -> Color:
    """Color laid over another, both as browsers write it: `rgb(1, 2, 3)`, `rgba(…, 0.4)` or `color(srgb … / 0.4)`."""
    scale = 255 if color.startswith("color(srgb ") else 1
    red, green, blue, *rest = (float(each) for each in re.findall(r"[\d.]+", color))
    [alpha] = rest or [1.0]
    mixed = [
        alpha * scale * above + (1 - alpha) * below for above, below in zip((red, green, blue), ground, strict=True)
    ]
    return mixed[0], mixed[1], mixed[2]


def _luminance(color: Color) -> float:
    red, green, blue = (_linear(each / 255) for each in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
