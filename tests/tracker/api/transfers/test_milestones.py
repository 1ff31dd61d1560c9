"""Versions of Jira as milestones."""

from typing import Any

from sqlalchemy import text

from domain.transfers.model import ImportRun
from tests.tracker.api.transfers.conftest import Import
from tests.tracker.api.transfers.exports import issue, lines
from tests.tracker.api.world import World

QUERY = """query ($slug: String!) { workspace(slug: $slug) { project(key: "AC") {
  milestones { nodes { id name dueDate } } issues(sort: [{number: {}}]) { nodes { number milestone { name } } } } } }"""


def version(name: str, number: int = 1) -> dict[str, Any]:
    return {"id": str(number), "name": name, "releaseDate": "2013-05-01", "released": False}


async def planned(world: World) -> tuple[dict[str, str], dict[int, str | None]]:
    """Ids of milestones by name, and names of milestones by the numbers of issues."""
    project = (await world.owner.run(QUERY, slug=world.here.workspace.slug))["workspace"]["project"]
    issues = {node["number"]: node["milestone"] and node["milestone"]["name"] for node in project["issues"]["nodes"]}
    assert {node["dueDate"] for node in project["milestones"]["nodes"]} <= {"2013-05-01", None}
    return {node["name"]: node["id"] for node in project["milestones"]["nodes"]}, issues


async def test_the_first_version_becomes_the_milestone(world: World, imported: Import):
    both = [version("1.0"), version("2.0", 2)]
    content = lines(issue(1, fixVersions=both), issue(2, fixVersions=both[1:]), issue(3, fixVersions=[]), issue(4))
    await imported(content)

    milestones, issues = await planned(world)
    assert set(milestones) == {"1.0", "2.0"}
    assert issues == {1: "1.0", 2: "2.0", 3: None, 4: None}
    events = await world.events()
    assert [kind for _, kind, _, _ in events].count("milestone.created") == 2
    again: ImportRun = await imported(content)
    assert (again.issues_unchanged, again.issues_changed) == (4, 0)
    assert (await world.events())[:-1] == events, "only the start of the import is new"


async def test_a_renamed_version_or_milestone_is_recognized_by_its_id(world: World, imported: Import):
    await imported(lines(issue(1, fixVersions=[version("1.0")])))
    [(_, milestone_id)] = (await planned(world))[0].items()
    await world.owner.mutate("milestoneUpdate", {"id": milestone_id, "name": "Ours"})

    await imported(lines(issue(1, fixVersions=[version("1.1")]), issue(2, fixVersions=[version("1.1")])))

    assert await planned(world) == ({"Ours": milestone_id}, {1: "Ours", 2: "Ours"})


async def test_issues_of_a_deleted_milestone_go_where_it_was_replaced(world: World, imported: Import):
    await imported(lines(issue(1, fixVersions=[version("1.0")]), issue(2, fixVersions=[version("2.0", 2)])))
    milestones, _ = await planned(world)
    await world.owner.mutate(
        "milestoneDelete", {"id": milestones["1.0"], "replaceWith": milestones["2.0"]}, "errors { code }"
    )

    await imported(lines(issue(3, fixVersions=[version("1.0")])))

    assert (await planned(world))[1] == {1: "2.0", 2: "2.0", 3: "2.0"}


async def test_a_milestone_with_the_version_s_name_is_used(world: World, imported: Import):
    await imported(lines(issue(1)))
    async with world.engine.connect() as connection:
        project_id = await connection.scalar(text("SELECT id FROM project WHERE key = 'AC'"))
    await world.owner.mutate("milestoneCreate", {"projectId": project_id, "name": "1.0"})

    await imported(lines(issue(1, fixVersions=[version("1.0")])))

    milestones, issues = await planned(world)
    assert (len(milestones), issues) == (1, {1: "1.0"})


async def test_a_file_that_speaks_of_no_versions_leaves_the_milestone(world: World, imported: Import):
    await imported(lines(issue(1, fixVersions=[version("1.0")])))

    await imported(lines(issue(1, summary="Renamed")))
    assert (await planned(world))[1] == {1: "1.0"}

    await imported(lines(issue(1, fixVersions=[])))
    assert (await planned(world))[1] == {1: None}
