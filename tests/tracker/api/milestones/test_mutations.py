from datetime import date

from tests.refusals import assert_refused, bad_ids, bad_lines, conflict, invalid
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory

WHOLE = "milestone { id name dueDate project { key } issues { nodes { identifier } } }"


async def test_creating_a_milestone_records_an_event(world: World):
    wanted = {"projectId": world.here.project.id, "name": " Beta ", "dueDate": "2026-05-01"}
    payload = await world.member.mutate("milestoneCreate", wanted, WHOLE)
    made = payload["milestone"]
    assert (made["name"], made["dueDate"], made["project"], made["issues"]) == (
        "Beta",
        "2026-05-01",
        {"key": "ENG"},
        {"nodes": []},
    )
    changes = {"name": [None, "Beta"], "due_date": [None, "2026-05-01"]}
    assert await world.events() == [(1, "milestone.created", made["id"], changes)]
    assert payload["revision"] == 1


async def test_bad_milestones_are_refused(world: World):
    good = {"projectId": world.here.project.id, "name": "Beta"}
    cases = {**bad_lines("name", longest=80), **bad_ids("projectId", "prj")}
    cases["taken"] = ({"name": "First"}, conflict("name", "ALREADY_EXISTS"))
    await assert_refused(world, world.member, "milestoneCreate", good, cases)


async def test_a_milestone_is_changed(world: World):
    changed = {"id": world.here.milestone.id, "name": "Beta", "dueDate": "2026-05-01"}
    payload = await world.member.mutate("milestoneUpdate", changed, WHOLE)
    assert payload["milestone"]["issues"] == {"nodes": [{"identifier": "ENG-1"}]}
    stored = await world.stored(type(world.here.milestone), world.here.milestone.id)
    assert (stored.name, stored.due_date) == ("Beta", date(2026, 5, 1))
    changes = {"name": ["First", "Beta"], "due_date": [None, "2026-05-01"]}
    assert await world.events() == [(1, "milestone.updated", world.here.milestone.id, changes)]


async def test_a_milestone_with_issues_goes_only_when_they_have_another(world: World):
    here, next_one = world.here, MilestoneFactory(project=world.here.project)
    other_project = ProjectFactory(workspace=here.workspace)
    far = MilestoneFactory(project=other_project)
    await world.store(next_one, other_project, far)
    cases = {
        "issues": ({}, conflict("id", "IN_USE")),
        "itself": ({"replaceWith": here.milestone.id}, invalid("replaceWith")),
        "another project's": ({"replaceWith": far.id}, invalid("replaceWith")),
        **bad_ids("replaceWith", "mil"),
    }
    await assert_refused(world, world.member, "milestoneDelete", {"id": here.milestone.id}, cases)
    given = {"id": here.milestone.id, "replaceWith": next_one.id}
    payload = await world.member.mutate("milestoneDelete", given, "deletedMilestoneId")
    assert payload["deletedMilestoneId"] == here.milestone.id
    assert (await world.stored(type(here.issue), here.issue.id)).milestone_id == next_one.id
    [changed, (_, kind, subject, changes)] = await world.events()
    assert changed == (1, "issue.updated", here.issue.id, {"milestone_id": [here.milestone.id, next_one.id]})
    assert (kind, subject, changes["replaced_by"]) == ("milestone.deleted", here.milestone.id, [None, next_one.id])


async def test_an_issue_is_planned_for_a_milestone_of_its_own_project(world: World):
    here = world.here
    loose = IssueFactory(project=here.project, state=here.todo, number=2, creator_id=here.issue.creator_id)
    other_project = ProjectFactory(workspace=here.workspace)
    far = MilestoneFactory(project=other_project)
    await world.store(loose, other_project, far)
    cases = {"another project's": ({"milestoneId": far.id}, invalid("milestoneId")), **bad_ids("milestoneId", "mil")}
    await assert_refused(world, world.member, "issueUpdate", {"id": loose.id}, cases)
    await assert_refused(world, world.member, "issueCreate", {"projectId": here.project.id, "title": "New"}, cases)
    select = "issue { milestone { name } }"
    planned = {"id": loose.id, "milestoneId": here.milestone.id}
    assert (await world.member.mutate("issueUpdate", planned, select))["issue"] == {"milestone": {"name": "First"}}
    made = {"projectId": here.project.id, "title": "New", "milestoneId": here.milestone.id}
    assert (await world.member.mutate("issueCreate", made, select))["issue"] == {"milestone": {"name": "First"}}
    freed = {"id": loose.id, "milestoneId": None}
    assert (await world.member.mutate("issueUpdate", freed, select))["issue"] == {"milestone": None}


async def test_a_project_with_milestones_is_not_deleted(world: World):
    project = ProjectFactory(workspace=world.here.workspace)
    await world.store(project, MilestoneFactory(project=project))
    assert await world.owner.refused("projectDelete", {"id": project.id}) == [("ConflictError", "IN_USE", "input.id")]
