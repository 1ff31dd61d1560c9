from typing import Any

import pytest

from tests.factories.moments import MADE
from tests.tracker.api.world import World
from tests.tracker.factories.projects import ProjectFactory

BY_KEY = "query ($slug: String!, $key: String!) { workspace(slug: $slug) { project(key: $key) { id } } }"
LIST = """query ($slug: String!, $filter: ProjectFilter, $all: Boolean!) { workspace(slug: $slug) {
  projects(filter: $filter, includeArchived: $all) { totalCount nodes { key } } } }"""


@pytest.fixture
async def projects(world: World) -> World:
    workspace = world.here.workspace
    await world.store(
        ProjectFactory(workspace=workspace, key="APP", name="The app"),
        ProjectFactory(workspace=workspace, key="OLD", name="100% old_stuff", archived_at=MADE),
    )
    return world


async def test_the_project_of_a_key(projects: World):
    slug, project = projects.here.workspace.slug, projects.here.project
    for key in ("ENG", "eng"):
        assert await projects.member.run(BY_KEY, slug=slug, key=key) == {"workspace": {"project": {"id": project.id}}}
    archived = await projects.member.run(BY_KEY, slug=slug, key="OLD")
    assert archived["workspace"]["project"] is not None
    for key in (projects.elsewhere.project.key, "", "NOSUCH"):
        assert await projects.member.run(BY_KEY, slug=slug, key=key) == {"workspace": {"project": None}}, key


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        (None, ["APP", "ENG"]),
        ({"key": {"eq": "APP"}}, ["APP"]),
        ({"key": {"in": ["APP", "OLD"]}}, ["APP"]),
        ({"key": {"startsWith": "e"}}, ["ENG"]),
        ({"name": {"contains": "APP"}}, ["APP"]),
        ({"not": {"key": {"eq": "APP"}}}, ["ENG"]),
        ({"archivedAt": {"isNull": False}}, []),
    ],
)
async def test_filtering_projects(projects: World, filter: Any, keys: list[str]):
    data = await projects.member.run(LIST, slug=projects.here.workspace.slug, filter=filter, all=False)
    assert data["workspace"]["projects"] == {"totalCount": len(keys), "nodes": [{"key": key} for key in keys]}


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        (None, ["APP", "ENG", "OLD"]),
        ({"archivedAt": {"isNull": False}}, ["OLD"]),
        ({"archivedAt": {"isNull": True}}, ["APP", "ENG"]),
        ({"archivedAt": {"gte": "2026-01-01T00:00:00Z"}}, ["OLD"]),
        ({"archivedAt": {"gt": "2026-01-01T00:00:00Z"}}, []),
        ({"archivedAt": {"neq": "2026-01-01T00:00:00Z"}}, ["APP", "ENG"]),
        ({"name": {"contains": "0%"}}, ["OLD"]),
        ({"name": {"contains": "d_s"}}, ["OLD"]),
        ({"name": {"contains": "d%s"}}, []),
        ({"name": {"startsWith": "100"}}, ["OLD"]),
    ],
)
async def test_filtering_projects_with_archived_ones(projects: World, filter: Any, keys: list[str]):
    data = await projects.member.run(LIST, slug=projects.here.workspace.slug, filter=filter, all=True)
    assert data["workspace"]["projects"] == {"totalCount": len(keys), "nodes": [{"key": key} for key in keys]}
