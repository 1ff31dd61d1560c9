"""Compiled queries read only the columns of issues that they show, and build no entity of the reference list."""

import re
from typing import Any

import pytest

from infra.comments import reader as comments
from infra.issues import reader as issues
from infra.projects import reader as projects
from tests.compiled import Compiled
from tests.statements import watched
from tests.tracker.api.test_statements import REFERENCE_LIST, fill
from tests.tracker.api.world import World


def selected(statement: str) -> list[str]:
    """Columns of the statement's innermost list of columns of issues."""
    found = re.search(r"SELECT ((?:issue\.\w+(?: AS \w+)?(?:, )?)+)", " ".join(statement.split()))
    assert found is not None, statement
    return [each.partition(" ")[0].removeprefix("issue.") for each in found[1].split(", ")]


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("identifier", {"number", "state_id"}),
        ("comments { totalCount }", {"id", "workspace_id", "comment_count"}),
    ],
)
async def test_a_list_selects_the_columns_that_it_shows(world: World, selection: str, columns: set[str]) -> None:
    query = f"query ($slug: String!) {{ workspace(slug: $slug) {{ issues {{ nodes {{ {selection} }} }} }} }}"
    with watched() as kept:
        await Compiled(world).run(query, slug=world.here.workspace.slug)
    [statement] = [each for each in kept.statements if "lifecycle" in each]
    # The keys of the order are selected for cursors.
    assert set(selected(statement)) == columns | {"created_at", "id"}


async def test_no_entity_of_the_reference_list_is_built(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(*_row: Any) -> None:
        raise AssertionError("an entity was built")

    await fill(world, 3)
    for owner, name in (
        (issues._ISSUES, "build"),
        (comments._COMMENTS, "build"),
        (world.app.read.users, "_build"),
        (issues, "_build_user"),
        (issues, "_build_label"),
        (projects, "_build_state"),
        (projects, "_build_project"),
    ):
        monkeypatch.setattr(owner, name, built)
    data = await Compiled(world).run(REFERENCE_LIST, slug=world.here.workspace.slug, first=5)
    nodes = data["workspace"]["issues"]["nodes"]
    assert len(nodes) == 4
    assert all(len(node["comments"]["nodes"]) == 3 for node in nodes[:3])
    assert all(node["creator"]["name"] and node["labels"] and node["assignees"] for node in nodes[:3])
