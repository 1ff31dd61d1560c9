"""Mails from Jinja templates: subject, plain text and HTML, one file each per kind of letter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.shared.characters import DIRECTIONS
from domain.shared.mail import Letter

FOLDER = Path(__file__).parent / "letters"
PARTS = ("subject", "txt", "html")
SUBJECT_LENGTH = 150
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLetter:
    subject: str
    text: str
    html: str


class JinjaLetters:
    """Renders letters; `site` is the public URL in the footer of every letter."""

    def __init__(self, *, site: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=select_autoescape(["html"], default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["site"] = site

    def write(self, letter: Letter) -> WrittenLetter:
        """The rendered letter. Values are reduced to one line each, so that none can imitate the letter's text."""
        facts = _facts(letter)
        subject, text, html = (self._rendered(f"{letter.kind.replace('.', '/')}.{part}", facts) for part in PARTS)
        return WrittenLetter(subject=_cut(_one_line(subject)), text=f"{text.strip()}\n", html=f"{html.strip()}\n")

    def _rendered(self, name: str, facts: Mapping[str, object]) -> str:
        return self._environment.get_template(name).render(facts)


def _facts(letter: Letter) -> Mapping[str, object]:
    return {field.name: _shown(getattr(letter, field.name)) for field in fields(letter)}


def _shown(fact: object) -> object:
    if isinstance(fact, datetime):
        moment = fact.astimezone(UTC)
        return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
    return _one_line(fact) if isinstance(fact, str) else fact


def _one_line(text: str) -> str:
    return DIRECTIONS.sub("", _BREAKS.sub(" ", text)).strip()


def _cut(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LENGTH else f"{subject[: SUBJECT_LENGTH - 1]}…"
