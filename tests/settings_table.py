"""The table of settings in README.md; `python -m tests.settings_table` writes it anew."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from infra.settings import PREFIX, Settings

README = Path(__file__).parents[1] / "README.md"
_BETWEEN = re.compile(r"(<!-- settings: [^\n]* -->\n).*(?=<!-- end of settings -->)", re.DOTALL)


def table() -> str:
    """One line for each setting, in the order of the class."""
    lines = ["| setting | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |")
    return "\n" + "\n".join(lines) + "\n\n"


def with_table(text: str) -> str:
    """The README with the table that belongs there; raises ValueError if its markers are gone."""
    written, count = _BETWEEN.subn(lambda match: match[1] + table(), text)
    if count != 1:
        raise ValueError("README.md must have the two markers of the settings once.")
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
    README.write_text(with_table(README.read_text()))
