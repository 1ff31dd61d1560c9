"""Checks that the changelog names each change that breaks clients of the last release.

At a release, `cp api/schema.graphql tests/architecture/released.graphql` keeps the released schema. Before the
first release the file does not exist, because no client depends on the schema yet.
"""

import re

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes

from api.schema import sdl
from tests.architecture.sources import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
RELEASED = ROOT / "tests/architecture/released.graphql"
RELEASE = re.compile(r"^## \[?v?\d+\.\d+", re.MULTILINE)


def section(changelog: str, release: str, kind: str) -> str:
    """Text under `## [release]`, `### kind`; empty if the changelog has no such section."""
    _, _, of_release = changelog.partition(f"## [{release}]")
    _, _, of_kind = of_release.partition("\n## ")[0].partition(f"### {kind}\n")
    return of_kind.partition("\n### ")[0]


def unnamed_changes(before: GraphQLSchema, after: GraphQLSchema, changelog: str) -> list[str]:
    named = section(changelog, "Unreleased", "Breaking")
    return [
        f"Keep it, deprecated, or add to CHANGELOG.md, [Unreleased], Breaking: - {change.description}"
        for change in find_breaking_changes(before, after)
        if change.description not in named
    ]


def test_no_change_breaks_clients_unless_the_changelog_says_so() -> None:
    now = sdl()
    before = RELEASED.read_text("utf-8") if RELEASED.exists() else now
    changelog = CHANGELOG.read_text("utf-8") if CHANGELOG.exists() else ""
    assert unnamed_changes(build_schema(before), build_schema(now), changelog) == []


def is_release_kept(changelog: str, *, is_kept: bool) -> bool:
    return is_kept or RELEASE.search(changelog) is None


def test_the_schema_of_the_last_release_is_kept() -> None:
    changelog = CHANGELOG.read_text("utf-8") if CHANGELOG.exists() else ""
    assert is_release_kept(changelog, is_kept=RELEASED.exists()), f"cp api/schema.graphql {RELEASED.relative_to(ROOT)}"
    assert not is_release_kept("## [Unreleased]\n\n## [1.0.0] - 2026-12-01\n", is_kept=False)
    assert is_release_kept("## [Unreleased]\n", is_kept=False)


def test_before_the_first_release_nothing_is_called_breaking() -> None:
    changelog = CHANGELOG.read_text("utf-8")
    assert RELEASED.exists() or section(changelog, "Unreleased", "Breaking") == ""
    assert section(changelog, "Unreleased", "Added") != ""


BEFORE = "type Query { issue(id: ID!): Issue } type Issue { id: ID! title: String! }"


@pytest.mark.parametrize(
    ("after", "description"),
    [
        (BEFORE.replace("title: String!", ""), "Field Issue.title was removed."),
        (BEFORE.replace("title: String!", "title: String"), "Field Issue.title changed type from String! to String."),
        (BEFORE.replace("id: ID!)", "id: ID!, key: Int!)"), "A required argument Query.issue(key:) was added."),
    ],
)
def test_a_breaking_change_is_found_until_it_is_named(after: str, description: str) -> None:
    before = build_schema(BEFORE)
    elsewhere = f"## [Unreleased]\n\n### Changed\n- {description}\n\n## [1.0.0]\n\n### Breaking\n- {description}\n"
    named = f"## [Unreleased]\n\n### Added\n- Things.\n\n### Breaking\n- {description}\n\n## [1.0.0]\n"
    [line] = unnamed_changes(before, build_schema(after), elsewhere)
    assert line.endswith(f"Breaking: - {description}")
    assert unnamed_changes(before, build_schema(after), named) == []


def test_an_addition_is_not_a_breaking_change() -> None:
    after = BEFORE.replace("title: String!", "title: String! size: Int!").replace("id: ID!)", "id: ID!, key: Int)")
    assert unnamed_changes(build_schema(BEFORE), build_schema(after), "") == []
