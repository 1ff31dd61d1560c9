from typing import Any

import pytest

from tests.tracker.api.world import World
from tests.tracker.factories.labels import LabelFactory

LIST = """query ($slug: String!, $filter: LabelFilter) { workspace(slug: $slug) {
  labels(filter: $filter) { totalCount nodes { name } } } }"""


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        (None, ["bug", "docs", "good first issue"]),
        ({"name": {"eq": "bug"}}, ["bug"]),
        ({"name": {"neq": "bug"}}, ["docs", "good first issue"]),
        ({"name": {"in": ["bug", "docs", "none"]}}, ["bug", "docs"]),
        ({"name": {"notIn": ["bug", "docs"]}}, ["good first issue"]),
        ({"name": {"contains": "FIRST"}}, ["good first issue"]),
        ({"name": {"startsWith": "o"}}, []),
        ({"or": [{"name": {"eq": "bug"}}, {"name": {"eq": "docs"}}]}, ["bug", "docs"]),
        ({"not": {"name": {"contains": "o"}}}, ["bug"]),
        ({"name": {"in": []}}, []),
    ],
)
async def test_filtering_labels(world: World, filter: Any, names: list[str]):
    workspace = world.here.workspace
    await world.store(*(LabelFactory(workspace=workspace, name=name) for name in ("docs", "good first issue")))
    data = await world.member.run(LIST, slug=workspace.slug, filter=filter)
    assert data["workspace"]["labels"] == {"totalCount": len(names), "nodes": [{"name": name} for name in names]}


async def test_a_label_by_its_id(world: World):
    among = {"id": {"in": [world.here.label.id, world.elsewhere.label.id]}}
    data = await world.member.run(LIST, slug=world.here.workspace.slug, filter=among)
    assert data["workspace"]["labels"]["nodes"] == [{"name": "bug"}]
