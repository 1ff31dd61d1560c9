"""Undo of moves: an issue goes back to its project with its number, state, milestone and comments."""

from sqlalchemy import update

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.milestones.model import Milestone
from infra.projects.tables import ProjectRow
from tests.factories.moments import MADE
from tests.tracker.api.issues.moves import move, stored_target
from tests.tracker.api.undo.test_undo import change, unchanged, undone
from tests.tracker.api.undo.test_undo_conflicts import conflicts
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory

FIND = """query ($slug: String!, $one: String!, $other: String!) { workspace(slug: $slug) {
  one: issue(identifier: $one) { identifier previousIdentifiers } other: issue(identifier: $other) { id } } }"""


async def planned(world: World) -> Issue:
    """The issue with the milestone."""
    given = {"id": world.here.issue.id, "milestoneId": world.here.milestone.id}
    await change(world.owner, "issueUpdate", given)
    stored: Issue = await world.stored(Issue, world.here.issue.id)
    return stored


async def test_a_moved_issue_goes_back_with_its_number_state_milestone_and_comments(world: World) -> None:
    before, target = await planned(world), await stored_target(world)
    payload = await move(world, target.project)
    assert payload["issue"]["identifier"] == "APP-5"
    assert (await world.stored(Comment, world.here.comment.id)).project_id == target.project.id
    undo_set = (await undone(world, payload["revision"], world.member))["revision"]
    assert unchanged(await world.stored(Issue, before.id), before)
    assert unchanged(await world.stored(Comment, world.here.comment.id), world.here.comment)
    identifier = f"{world.here.project.key}-{before.number}"
    data = await world.owner.run(FIND, slug=world.here.workspace.slug, one=identifier, other="APP-5")
    assert data["workspace"]["one"] == {"identifier": identifier, "previousIdentifiers": ["APP-5"]}
    assert data["workspace"]["other"] == {"id": before.id}
    await undone(world, undo_set, world.member)
    again = await world.stored(Issue, before.id)
    assert (again.project_id, again.number, again.milestone_id) == (target.project.id, 5, None)


async def test_a_parent_in_another_project_is_restored_with_the_move(world: World) -> None:
    target = await stored_target(world)
    await change(world.owner, "issueUpdate", {"id": world.here.issue.id, "parentId": target.issue.id})
    before = await world.stored(Issue, world.here.issue.id)
    payload = await move(world, target.project, parentId=None)
    await undone(world, payload["revision"])
    assert unchanged(await world.stored(Issue, before.id), before)


async def test_the_number_can_be_the_same_in_both_projects(world: World) -> None:
    target = await stored_target(world)
    issue = IssueFactory(
        project=world.here.project, state=world.here.todo, number=5, creator_id=world.here.issue.creator_id
    )
    await world.store(issue)
    payload = await move(world, target.project, issue)
    assert payload["issue"]["identifier"] == "APP-5"
    await undone(world, payload["revision"])
    assert unchanged(await world.stored(Issue, issue.id), issue)


async def test_the_log_tells_the_way_back_as_a_move(world: World) -> None:
    payload = await move(world, (await stored_target(world)).project)
    await undone(world, payload["revision"])
    assert [each[1] for each in await world.events()][-3:] == ["issue.moved", "issue.updated", "change_set.undone"]


async def test_an_issue_that_changed_its_state_in_the_new_project_stays(world: World) -> None:
    target = await stored_target(world)
    payload = await move(world, target.project)
    await change(world.owner, "issueUpdate", {"id": world.here.issue.id, "stateId": target.shipped.id})
    issue_id = world.here.issue.id
    assert await conflicts(world, payload["revision"]) == [(issue_id, "CONFLICT", ["stateId"])]
    await undone(world, payload["revision"], onConflict="SKIP")
    stored = await world.stored(Issue, issue_id)
    assert (stored.project_id, stored.state_id) == (target.project.id, target.shipped.id)


async def test_an_issue_that_got_a_milestone_in_the_new_project_stays(world: World) -> None:
    target = await stored_target(world)
    payload = await move(world, target.project)
    await change(world.owner, "issueUpdate", {"id": world.here.issue.id, "milestoneId": target.milestone.id})
    assert await conflicts(world, payload["revision"]) == [(world.here.issue.id, "CONFLICT", ["milestoneId"])]
    assert await world.stored(Milestone, target.milestone.id) is not None


async def test_an_issue_goes_back_to_a_project_that_is_archived(world: World) -> None:
    """An issue can leave an archived project, so that it can have been in one before the move."""
    await change(world.owner, "projectArchive", {"id": world.here.project.id})
    payload = await move(world, (await stored_target(world)).project)
    await undone(world, payload["revision"])
    assert unchanged(await world.stored(Issue, world.here.issue.id), world.here.issue)


async def test_an_issue_stays_if_its_project_is_being_deleted(world: World) -> None:
    payload = await move(world, (await stored_target(world)).project, title="New")
    issue, project = world.here.issue, world.here.project
    async with world.engine.begin() as connection:
        await connection.execute(update(ProjectRow).where(ProjectRow.id == project.id).values(deleting_since=MADE))
    assert await conflicts(world, payload["revision"]) == [(issue.id, "CONFLICT", ["projectId"])]
    await undone(world, payload["revision"], onConflict="SKIP")
    stored = await world.stored(Issue, issue.id)
    assert (stored.title, stored.project_id != project.id) == (issue.title, True)
