"""ARCHITECTURE.md says openly what each port is for, which rules a fork keeps, and what each verb means."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from graphql import build_schema

from api.schema import sdl

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
KINDS = ("Repository", "Reader", "Store", "Uow")
"""Endings of ports that the document names as a kind."""
PARTS = {
    "OpenUow",
    "RowCounter",
    "StoredFile",
    "Bucket",
    "Usage",
    "Subject",
    "Recorded",
    "Replaceable",
    "Deletable",
    "Previewed",
    "Decision",
    "Undoable",
}
"""Types that other ports return or take."""
VERBS = ("Archive", "Restore", "Delete", "Purge", "Remove", "Revoke", "End", "EndOthers")


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def protocols(source: str) -> Iterator[str]:
    """Classes whose only bases are `Protocol` or `Protocol[…]`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            if bases and all(isinstance(base, ast.Name) and base.id == "Protocol" for base in bases):
                yield node.name


def ports() -> set[str]:
    found = {name for path in ROOT.glob("domain/**/*.py") for name in protocols(path.read_text())}
    return {name for name in found if not name.endswith(KINDS)} - PARTS


def unexplained(named: set[str], existing: set[str]) -> list[str]:
    """Ports that the document does not name, and names that are no ports."""
    classes = {name for name in named if re.fullmatch(r"(?:[A-Z][a-z]+)+", name)} - {"Protocol", *PARTS}
    return sorted((existing - named) | {name for name in classes - existing if not name.endswith(KINDS)})


def test_every_port_has_its_reason() -> None:
    assert unexplained(codes(section("Ports")), ports()) == []
    assert unexplained({"Clock", "Clocks"}, {"Clock", "Mailer"}) == ["Clocks", "Mailer"]


def test_ports_that_tests_replace_are_those_with_fakes() -> None:
    fakes = {
        name.removeprefix("Memory")
        for path in (ROOT / "tests/fakes").glob("*.py")
        for name in re.findall(r"^class (Memory\w+)", path.read_text(), re.MULTILINE)
    }
    row = next(line for line in section("Ports").splitlines() if line.startswith("| substitution in tests"))
    existing = {name for path in ROOT.glob("domain/**/*.py") for name in protocols(path.read_text())}
    assert codes(row.split("|")[2]) == fakes & existing


def test_every_file_of_rules_is_a_promise_or_a_style() -> None:
    files = {path.name for path in (ROOT / "tests/architecture").glob("test_*.py")} - {Path(__file__).name}
    assert {name for name in codes(section("Rules of the tests")) if name.startswith("test_")} == files


def test_every_verb_that_ends_something_is_in_the_table() -> None:
    schema = build_schema(sdl())
    assert schema.mutation_type is not None
    listed = {code for code in codes(section("Words")) if re.fullmatch(r"[a-z]+[A-Z]\w+", code)} - {"replaceWith"}
    used = {name for name in schema.mutation_type.fields if re.search(f"(?:{'|'.join(VERBS)})$", name)}
    assert listed <= schema.mutation_type.fields.keys()
    assert used <= listed
