"""Defaults of what can be set are in `infra/setting_groups.py` alone: option classes do not repeat them."""

import ast
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from typing import Any

from tests.architecture.sources import Source, sources

BUILDERS = ("api/main.py", "infra/bootstrap.py", "infra/db/engine.py", "infra/jobs/worker.py", "infra/*/slice.py")
"""Files that make options of the settings."""

SUFFIXES = ("Options", "Limits", "Rules")


def option_classes() -> dict[str, type[Any]]:
    read = sources("api/**/*.py", "domain/**/*.py", "infra/**/*.py")
    named = [(source, kind.name) for source in read for kind in source.classes if kind.name.endswith(SUFFIXES)]
    return {name: getattr(source.module, name) for source, name in named}


def constructions(source: Source, names: set[str]) -> Iterator[tuple[str, int, list[str]]]:
    """The option classes that a file makes objects of, with the line and the fields that it fills."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node.func.id, node.lineno, [each.arg for each in node.keywords if each.arg is not None]


def repeated(kind: type[Any], filled: list[str]) -> list[str]:
    """Fields that the settings fill and that have a default as well."""
    own = [each.name for each in fields(kind) if each.default is not MISSING or each.default_factory is not MISSING]
    return [f"{kind.__name__}.{name}: its default is in infra/setting_groups.py." for name in own if name in filled]


def test_option_classes_repeat_no_default_of_the_settings() -> None:
    kinds = option_classes()
    found = [made for source in sources(*BUILDERS) for made in constructions(source, set(kinds))]
    assert {name for name, _, _ in found} == set(kinds), "Fill it from the settings in one of BUILDERS."
    assert [line for name, _, filled in found for line in repeated(kinds[name], filled)] == []


def test_options_are_made_of_the_settings_alone() -> None:
    names = set(option_classes())
    builders = {source.name for source in sources(*BUILDERS)}
    others = [source for source in sources() if source.name not in builders]
    made = [f"{source.name}:{line}: {name}" for source in others for name, line, _ in constructions(source, names)]
    assert made == [], "Make options in one of BUILDERS, and hand them over."


def test_a_repeated_default_is_found() -> None:
    @dataclass
    class SampleOptions:
        depth: int = 12
        pause: float = 2

    source = Source("api/sample.py", "SampleOptions(depth=settings.depth)\n")
    [(_, _, filled)] = constructions(source, {"SampleOptions"})
    assert repeated(SampleOptions, filled) == ["SampleOptions.depth: its default is in infra/setting_groups.py."]
