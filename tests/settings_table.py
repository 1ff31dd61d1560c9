"""Writes the table of docs/reference/settings.md from the settings: `python -m tests.settings_table`."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from infra.settings import PREFIX, Settings

DOCUMENT = Path(__file__).parents[1] / "docs/reference/settings.md"
_BETWEEN = re.compile(r"(<!-- settings: [^\n]* -->\n).*(?=<!-- end of settings -->)", re.DOTALL)


def table() -> str:
    """Markdown table with one line for each setting, in the order of the class."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |")
    return "\n" + "\n".join(lines) + "\n\n"


def with_table(text: str) -> str:
    """The document with the current table; raises ValueError if its markers are missing."""
    written, count = _BETWEEN.subn(lambda match: match[1] + table(), text)
    if count != 1:
        raise ValueError("The document must have the two markers of the settings once.")
    return written


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, float):
        value = f"{value:g}"
    return "" if value in (None, "") else f"`{value}`"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
