"""The samples as the page reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from api.explorer.vendor_files import FOLDER

SAMPLES = FOLDER / "page" / "samples"
SUGGESTIONS = {"{newName}": "Ada Lovelace's workspace", "{newSlug}": "ada-lovelace"}
"""Values that the page suggests to a user named Ada Lovelace."""


@dataclass(frozen=True)
class Sample:
    title: str
    query: str
    variables: Mapping[str, Any]


@cache
def listing() -> dict[str, Any]:
    return json.loads((SAMPLES / "samples.json").read_text())


def text(file: str) -> str:
    return (SAMPLES / file).read_text()


def samples() -> list[Sample]:
    return [Sample(each["title"], text(each["file"]), each["variables"]) for each in listing()["samples"]]


def filled(value: Any, answers: Any) -> Any:
    """The value with every placeholder replaced by what its path leads to in the answer to placeholders.graphql."""
    if isinstance(value, dict):
        return {name: filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, answers) for each in value]
    if isinstance(value, str) and value in SUGGESTIONS:
        return SUGGESTIONS[value]
    path = listing()["placeholders"].get(value) if isinstance(value, str) else None
    if path is None:
        return value
    for step in path:
        answers = answers[step]
    return answers
