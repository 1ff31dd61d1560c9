"""Changes that an undo does not overwrite, and change sets that cannot be undone."""

import asyncio
from typing import Any

from sqlalchemy import text

from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.shared.actor import Role
from infra.workspaces.tables import MemberRow
from tests.tracker.api.undo.taken_back import undo
from tests.tracker.api.undo.test_undo import change, links_of, undone
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.storing import link

DETAILS = """errors { ... on ConflictError { conflictingFields currentRevision
  conflicts { field base current yours changedBy { id } changedAt } } }"""


async def conflicts(world: World, change_set: int, **given: Any) -> list[tuple[str, str, list[str]]]:
    """Subject, code and conflicting fields of each error of an undo."""
    payload = await undo(world.owner, world.here.workspace.id, change_set, **given)
    return [
        (result["subjectId"], error["code"], error.get("conflictingFields", []))
        for result in payload["results"]
        for error in result["errors"]
    ]


async def test_a_field_that_was_changed_later_keeps_everything_from_being_changed(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "title": "Mine", "estimate": 3})
    await change(world.member, "issueUpdate", {"id": issue.id, "title": "Theirs"})
    before = await world.rows()
    payload = await undo(world.owner, world.here.workspace.id, first["revision"])
    assert [(each["__typename"], each["code"]) for each in payload["errors"]] == [("ConflictError", "CONFLICT")]
    assert (payload["revision"], payload["changedCount"], payload["skippedCount"]) == (None, 0, 0)
    [result] = payload["results"]
    assert (result["changes"], result["errors"][0]["conflictingFields"]) == ([], ["title"])
    assert await world.rows() == before


async def test_a_conflict_tells_the_values_and_who_changed_them(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "title": "Mine"})
    await change(world.member, "issueUpdate", {"id": issue.id, "title": "Theirs"})
    given = {"workspaceId": world.here.workspace.id, "changeSet": first["revision"]}
    data = await world.owner.run(
        f"mutation ($input: ChangeSetUndoInput!) {{ changeSetUndo(input: $input) {{ {DETAILS} }} }}", input=given
    )
    [error] = data["changeSetUndo"]["errors"]
    [conflict] = error["conflicts"]
    assert conflict.pop("changedAt")
    assert conflict == {
        "field": "title",
        "base": ["Mine"],
        "current": ["Theirs"],
        "yours": [issue.title],
        "changedBy": {"id": world.here.people[Role.MEMBER].id},
    }


async def test_the_other_fields_are_restored_if_conflicts_are_skipped(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "title": "Mine", "estimate": 3})
    await change(world.member, "issueUpdate", {"id": issue.id, "title": "Theirs"})
    payload = await undone(world, first["revision"], onConflict="SKIP")
    stored = await world.stored(Issue, issue.id)
    assert (stored.title, stored.estimate) == ("Theirs", issue.estimate)
    assert (payload["changedCount"], payload["skippedCount"]) == (1, 1)
    [result] = payload["results"]
    assert [each["field"] for each in result["changes"]] == ["estimate"]
    assert result["errors"][0]["conflictingFields"] == ["title"]


async def test_a_later_change_to_the_former_value_is_no_conflict(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "title": "Mine", "estimate": 3})
    await change(world.member, "issueUpdate", {"id": issue.id, "title": issue.title})
    await undone(world, first["revision"])
    assert (await world.stored(Issue, issue.id)).estimate == issue.estimate


async def test_links_conflict_with_no_other_links(world: World) -> None:
    here = world.here
    kept, added = LabelFactory(workspace=here.workspace), LabelFactory(workspace=here.workspace)
    await world.store(kept, added)
    await link(world.engine, here.issue, labels=[here.label])
    given = {"id": here.issue.id, "labels": {"add": [added.id], "remove": [here.label.id]}}
    first = await change(world.owner, "issueUpdate", given)
    await change(world.member, "issueUpdate", {"id": here.issue.id, "labels": {"add": [kept.id]}})
    await undone(world, first["revision"])
    assert sorted((await links_of(world, here.issue.id))[1]) == sorted([here.label.id, kept.id])


async def test_links_to_what_is_gone_are_left_out_one_by_one(world: World) -> None:
    here = world.here
    gone, left = (here.people[role] for role in (Role.MEMBER, Role.ADMIN))
    await link(world.engine, here.issue, assignees=[gone, left])
    first = await change(world.owner, "issueUpdate", {"id": here.issue.id, "assignees": {"set": []}})
    async with world.engine.begin() as connection:
        await connection.execute(MemberRow.__table__.delete().where(MemberRow.user_id == gone.id))  # type: ignore[attr-defined]
    assert await conflicts(world, first["revision"]) == [(here.issue.id, "CONFLICT", ["assignees"])]
    await undone(world, first["revision"], onConflict="SKIP")
    assert (await links_of(world, here.issue.id))[0] == [left.id]


async def test_a_state_that_is_gone_is_a_conflict(world: World) -> None:
    here = world.here
    first = await change(world.owner, "issueUpdate", {"id": here.issue.id, "stateId": here.done.id})
    await change(world.owner, "stateDelete", {"id": here.todo.id, "replaceWith": here.done.id})
    assert await conflicts(world, first["revision"]) == [(here.issue.id, "CONFLICT", ["stateId"])]
    payload = await undone(world, first["revision"], onConflict="SKIP")
    assert payload["revision"] is None


async def test_restored_fields_obey_the_rules_of_the_object(world: World) -> None:
    issue = world.here.issue
    await change(world.owner, "issueUpdate", {"id": issue.id, "dueDate": "2026-01-01"})
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "dueDate": None})
    await change(world.owner, "issueUpdate", {"id": issue.id, "startDate": "2026-02-02"})
    assert await conflicts(world, first["revision"]) == [(issue.id, "OUT_OF_RANGE", ["startDate"])]


async def test_restored_parents_close_no_cycle(world: World) -> None:
    here = world.here
    other = IssueFactory(project=here.project, state=here.todo, number=80, creator_id=here.issue.creator_id)
    await world.store(other)
    await change(world.owner, "issueUpdate", {"id": other.id, "parentId": here.issue.id})
    first = await change(world.owner, "issueUpdate", {"id": other.id, "parentId": None})
    await change(world.owner, "issueUpdate", {"id": here.issue.id, "parentId": other.id})
    assert await conflicts(world, first["revision"]) == [(other.id, "PARENT_CYCLE", ["parentId"])]


async def test_a_name_that_was_taken_meanwhile_is_a_conflict(world: World) -> None:
    here = world.here
    deleted = await change(world.owner, "labelDelete", {"id": here.label.id})
    renamed = await change(world.owner, "milestoneUpdate", {"id": here.milestone.id, "name": "Other"})
    given = {"workspaceId": here.workspace.id, "name": here.label.name, "color": "#112233"}
    await change(world.owner, "labelCreate", given)
    given = {"projectId": here.project.id, "name": here.milestone.name}
    await change(world.owner, "milestoneCreate", given)
    assert await conflicts(world, deleted["revision"]) == [(here.label.id, "ALREADY_EXISTS", ["name"])]
    assert await conflicts(world, renamed["revision"]) == [(here.milestone.id, "ALREADY_EXISTS", ["name"])]
    assert await world.stored(Label, here.label.id) is None
    assert (await world.stored(Milestone, here.milestone.id)).name == "Other"


async def test_a_slug_that_was_taken_meanwhile_is_a_conflict(world: World) -> None:
    here, elsewhere = world.here.workspace, world.elsewhere.workspace
    first = await change(world.owner, "workspaceUpdate", {"id": here.id, "slug": "other"})
    await change(world.client(None), "workspaceUpdate", {"id": elsewhere.id, "slug": here.slug})
    payload = await undo(world.owner, here.id, first["revision"])
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [("ALREADY_EXISTS", ["input", "changeSet"])]


async def test_created_objects_in_use_are_kept(world: World) -> None:
    here = world.here
    given = {"projectId": here.project.id, "name": "New", "category": "STARTED", "color": "#112233"}
    created = await change(world.owner, "stateCreate", given, "state { id }")
    await change(world.owner, "issueUpdate", {"id": here.issue.id, "stateId": created["state"]["id"]})
    assert await conflicts(world, created["revision"]) == [(created["state"]["id"], "IN_USE", [])]
    assert await world.stored(State, created["state"]["id"]) is not None


async def test_created_objects_that_were_changed_later_are_kept(world: World) -> None:
    here = world.here
    created = await change(world.owner, "issueCreate", {"projectId": here.project.id, "title": "New"}, "issue { id }")
    issue_id = created["issue"]["id"]
    given = {"id": issue_id, "dueDate": "2026-01-01", "labels": {"add": [here.label.id]}}
    await change(world.member, "issueUpdate", given)
    assert await conflicts(world, created["revision"]) == [(issue_id, "CONFLICT", ["dueDate", "labels"])]
    payload = await undone(world, created["revision"], onConflict="SKIP")
    assert payload["revision"] is None
    assert (await world.stored(Issue, issue_id)).trashed_at is None


async def test_a_purged_issue_is_no_longer_there(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "estimate": 4})
    await change(world.owner, "issueDelete", {"id": issue.id})
    await change(world.owner, "issuePurge", {"id": issue.id})
    assert await conflicts(world, first["revision"]) == [(issue.id, "CONFLICT", [])]


async def test_a_dry_run_changes_nothing_and_spends_no_key(world: World) -> None:
    project = world.here.project
    first = await change(world.owner, "projectUpdate", {"id": project.id, "name": "Other"})
    before = await world.rows()
    given = {"idempotencyKey": "once", "dryRun": True}
    trial = await undone(world, first["revision"], **given)
    assert [event["kind"] for event in trial["plannedEvents"]] == ["PROJECT_UPDATED", "CHANGE_SET_UNDONE"]
    assert (trial["revision"], trial["changedCount"]) == (None, 1)
    assert await world.rows() == before
    payload = await undone(world, first["revision"], idempotencyKey="once")
    assert (payload["results"], payload["plannedEvents"]) == (trial["results"], [])
    assert (await world.stored(Project, project.id)).name == project.name


async def test_two_undos_at_once_undo_once(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "estimate": 4})
    payloads = await asyncio.gather(*(undo(world.owner, world.here.workspace.id, first["revision"]) for _ in range(2)))
    assert len([each for each in payloads if each["revision"] is not None]) == 1
    assert (await world.stored(Issue, issue.id)).estimate == issue.estimate


async def test_two_undos_of_a_deletion_at_once_bring_back_once(world: World) -> None:
    label = world.here.label
    first = await change(world.owner, "labelDelete", {"id": label.id})
    payloads = await asyncio.gather(*(undo(world.owner, world.here.workspace.id, first["revision"]) for _ in range(2)))
    assert len([each for each in payloads if each["revision"] is not None]) == 1
    assert await world.stored(Label, label.id) is not None


async def test_an_undo_waits_for_a_concurrent_update_and_conflicts_with_it(world: World) -> None:
    issue = world.here.issue
    first = await change(world.owner, "issueUpdate", {"id": issue.id, "title": "Mine"})
    async with world.engine.connect() as connection:
        await connection.execute(text("UPDATE issue SET title = 'Theirs' WHERE id = :id"), {"id": issue.id})
        undoing = asyncio.create_task(undo(world.owner, world.here.workspace.id, first["revision"]))
        await world.until_blocked(undoing)
        await connection.commit()
    payload = await undoing
    assert [each["code"] for each in payload["errors"]] == ["CONFLICT"]
    assert (await world.stored(Issue, issue.id)).title == "Theirs"
