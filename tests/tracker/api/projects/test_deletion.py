"""Deletion of projects with their issues, at once or by a batch run."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, select

from domain.issues.model import Issue
from domain.projects.model import Project, State
from domain.shared.actor import Actor, Role
from infra.audit.tables import EventRow
from infra.batches.tables import BatchRunRow
from infra.issues.tables import IssueAliasRow
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.leases import SqlLeases
from infra.jobs.tables import JobRow
from infra.metadata import metadata
from infra.settings import Settings
from infra.transfers.tables import ImportedCommentRow, ImportedIssueRow, ImportParentRow
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link
from tests.tracker.factories.transfers import ImportRunFactory
from tests.tracker.list_sizes import require_exact_counts

DELETE = "deletedProjectId batchRun { id state kind subjectId targetId }"
REFERRING = (
    "comment",
    "import_parent",
    "imported_comment",
    "imported_issue",
    "issue_alias",
    "issue_assignee",
    "issue_label",
    "issue_words",
)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than three issues take a run, in batches of two."""
    monkeypatch.setattr("domain.projects.service.MOST_AT_ONCE", 3)
    monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", 2)


@pytest.fixture
async def leases(settings: Settings) -> AsyncIterator[SqlLeases]:
    async with job_leases(settings) as leases:
        yield leases


@pytest.fixture
async def other(world: World) -> Issue:
    """An issue of another project, under the issue of the project that is deleted."""
    place = world.here
    project = ProjectFactory(workspace=place.workspace, key="OTHER")
    state = StateFactory(project=project)
    issue = IssueFactory(project=project, state=state, creator_id=place.issue.creator_id, parent_id=place.issue.id)
    await world.store(project, state, issue, CommentFactory(issue=issue, author_id=issue.creator_id))
    return issue


@pytest.fixture
async def issues(world: World) -> list[Issue]:
    """Five issues of the project, archived, trashed and sub-issues among them, with everything that refers to them."""
    place = world.here
    first = place.issue
    of_project = {"project": place.project, "state": place.todo, "creator_id": first.creator_id}
    moment = first.created_at
    more = [
        IssueFactory(**of_project, number=3, parent_id=first.id, archived_at=moment),
        IssueFactory(**of_project, number=4, trashed_at=moment, milestone_id=place.milestone.id),
        IssueFactory(**of_project, number=5),
        IssueFactory(**of_project, number=6),
    ]
    await world.store(*more, MilestoneFactory(project=place.project))
    await link(world.engine, first, assignees=[place.people[Role.MEMBER]], labels=[place.label])
    run = ImportRunFactory(workspace=place.workspace, started_by_id=place.people[Role.OWNER].id)
    await world.store(run)
    here = {"workspace_id": place.workspace.id}
    async with world.engine.begin() as connection:
        await connection.execute(insert(ImportedIssueRow).values(**here, id=first.id, run_id=run.id, digest="d"))
        await connection.execute(insert(ImportedCommentRow).values(**here, id=place.comment.id, digest="d"))
        alias = {
            "issue_id": first.id,
            "project_id": place.project.id,
            "number": 99,
            "keys": ["ENG"],
            "moved_at": moment,
        }
        await connection.execute(insert(IssueAliasRow).values(**here, **alias))
        parent = {"run_id": run.id, "issue_id": first.id, "site_id": "sit_x", "parent_key": "X-1", "line": 1}
        await connection.execute(insert(ImportParentRow).values(**here, **parent))
    return [first, *more]


async def run_id_of(world: World) -> str:
    given = {"id": world.here.project.id, "cascade": True}
    payload = await world.owner.mutate("projectDelete", given, DELETE)
    assert (payload["deletedProjectId"], payload["errors"]) == (None, [])
    return str(payload["batchRun"]["id"])


async def job_of(world: World, run_id: str) -> str:
    async with world.engine.connect() as connection:
        return str(await connection.scalar(select(BatchRunRow.job_id).where(BatchRunRow.id == run_id)))


async def work(world: World, leases: SqlLeases, run_id: str) -> None:
    assert await run_now(world.app, leases, await job_of(world, run_id), seconds=30)


async def require_gone(world: World, other: Issue) -> None:
    """Nothing of the project is left, and the other project has all that it had but the parent."""
    place = world.here
    rows = await world.rows()
    for name, found in rows.items():
        if name in ("event", "security_event", "batch_run", "batch_rows", "job", "idempotency_key"):
            continue
        assert not any(place.project.id in row or place.issue.id in row for row in found), name
    for name in REFERRING:
        elsewhere = [row for row in rows[name] if place.workspace.id in row]
        assert len(elsewhere) == (name in ("comment", "issue_words")), name
    assert await world.stored(Issue, place.issue.id) is None
    assert await world.stored(Project, place.project.id) is None
    assert (await world.stored(Issue, other.id)).parent_id is None
    assert await require_exact_counts(world.engine) > 0


async def test_a_project_is_deleted_with_its_few_issues_at_once(world: World, issues: list[Issue], other: Issue):
    place = world.here
    payload = await world.owner.mutate("projectDelete", {"id": place.project.id, "cascade": True}, DELETE)
    assert payload == {"deletedProjectId": place.project.id, "batchRun": None, "revision": 2, "errors": []}
    await require_gone(world, other)
    [child, deleted] = await world.events()
    assert child[1:] == ("issue.updated", other.id, {"parent_id": [place.issue.id, None]})
    assert deleted[1:3] == ("project.deleted", place.project.id)
    assert (await world.stored(Issue, other.id)).updated_at > other.updated_at


async def test_a_project_with_issues_is_not_deleted_without_cascade(world: World):
    payload = await world.owner.mutate("projectDelete", {"id": world.here.project.id}, DELETE)
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("IN_USE", ["input", "id"])
    assert "cascade" in error["message"]


@pytest.mark.usefixtures("small_batches")
async def test_a_project_with_many_issues_is_deleted_by_a_run(
    world: World, leases: SqlLeases, issues: list[Issue], other: Issue
):
    place = world.here
    run_id = await run_id_of(world)
    asked = "query Project($id: ID!) { node(id: $id) { ... on Project { deletingSince } } }"
    assert (await world.member.run(asked, id=place.project.id))["node"]["deletingSince"] is not None
    assert len([await world.stored(Issue, issue.id) for issue in issues]) == 5
    await work(world, leases, run_id)
    await require_gone(world, other)
    types = [event[1:3] for event in await world.events()]
    assert types == [
        ("project.updated", place.project.id),
        ("batch.started", run_id),
        ("issue.updated", other.id),
        ("project.deleted", place.project.id),
    ]
    shown = "query Run($id: ID!) { node(id: $id) { ... on BatchRun { state kind progress { done total } } } }"
    assert (await world.owner.run(shown, id=run_id))["node"] == {
        "state": "DONE",
        "kind": "PROJECT_DELETION",
        "progress": {"done": 5, "total": 5},
    }


@pytest.mark.usefixtures("small_batches")
async def test_a_project_that_is_being_deleted_takes_no_changes(world: World, issues: list[Issue], other: Issue):
    place = world.here
    await run_id_of(world)
    project = {"id": place.project.id}
    under = {"projectId": place.project.id}
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("projectUpdate", {**project, "name": "New"}, "id"),
        ("projectArchive", project, "id"),
        ("projectRestore", project, "id"),
        ("projectDelete", {**project, "cascade": True}, "id"),
        ("stateCreate", {**under, "name": "New", "category": "STARTED", "color": "#000000"}, "projectId"),
        ("stateUpdate", {"id": place.todo.id, "name": "New"}, "id"),
        ("stateDelete", {"id": place.todo.id, "replaceWith": place.done.id}, "id"),
        ("statesReorder", {**under, "stateIds": [place.done.id, place.todo.id]}, "projectId"),
        ("milestoneCreate", {**under, "name": "New"}, "projectId"),
        ("milestoneUpdate", {"id": place.milestone.id, "name": "New"}, "id"),
        ("milestoneDelete", {"id": place.milestone.id}, "id"),
        ("projectMemberAdd", {**under, "memberId": place.members[Role.GUEST].id}, "projectId"),
        ("issueCreate", {**under, "title": "New"}, "projectId"),
        ("issueCreate", {"projectId": other.project_id, "title": "New", "parentId": issues[4].id}, "parentId"),
        ("issueUpdate", {"id": other.id, "parentId": issues[4].id}, "parentId"),
    ]
    for mutation, given, field in refused:
        payload = await world.owner.mutate(mutation, given)
        found = [(error["code"], error["path"]) for error in payload["errors"]]
        assert found == [("CONFLICT", ["input", field])], mutation


@pytest.mark.usefixtures("small_batches")
async def test_of_two_deletions_at_once_one_begins(world: World, issues: list[Issue]):
    given = {"id": world.here.project.id, "cascade": True}
    payloads = await asyncio.gather(*(world.owner.mutate("projectDelete", given, DELETE) for _ in range(4)))
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1, 1, 1]


@pytest.mark.usefixtures("small_batches")
async def test_a_canceled_deletion_opens_the_project_and_records_what_is_deleted(
    world: World, leases: SqlLeases, issues: list[Issue], other: Issue
):
    place = world.here
    run_id = await run_id_of(world)
    lost = await leases.acquire(most=1, job_id=await job_of(world, run_id))
    for _ in range(2):  # the rows are fixed, and the first batch is deleted
        assert await world.app.batches._step(Actor.system(lost[0].job), run_id)
    gone = [issue.id for issue in issues if await world.stored(Issue, issue.id) is None]
    assert gone == sorted((issue.id for issue in issues), reverse=True)[:2][::-1]
    canceled = await world.owner.mutate("batchRunCancel", {"id": run_id}, "batchRun { state }")
    assert canceled["batchRun"] == {"state": "CANCELED"}
    await leases.release(lost)
    await work(world, leases, run_id)
    assert (await world.stored(Project, place.project.id)).deleting_since is None
    assert (await world.stored(State, place.todo.id)) is not None
    assert await require_exact_counts(world.engine) > 0
    await run_purges(world, leases)
    events = await world.events()
    assert [event[2] for event in events if event[1] == "issue.purged"] == gone
    async with world.engine.connect() as connection:
        purges = select(EventRow.change_set, EventRow.actor_id).where(EventRow.type == "issue.purged").distinct()
        begun = select(BatchRunRow.change_set, BatchRunRow.started_by_id).where(BatchRunRow.id == run_id)
        assert (await connection.execute(purges)).all() == (await connection.execute(begun)).all()
    created = await world.owner.mutate("issueCreate", {"projectId": place.project.id, "title": "x"})
    assert created["errors"] == []
    again = await world.owner.mutate("projectDelete", {"id": place.project.id, "cascade": True}, DELETE)
    await work(world, leases, again["batchRun"]["id"])
    await require_gone(world, other)


async def run_purges(world: World, leases: SqlLeases) -> None:
    async with world.engine.connect() as connection:
        job_id = await connection.scalar(select(JobRow.id).where(JobRow.kind == "projects.record_purges"))
    assert await run_now(world.app, leases, str(job_id), seconds=30)


@pytest.mark.usefixtures("small_batches")
async def test_an_issue_that_has_left_the_project_stays(
    world: World, leases: SqlLeases, issues: list[Issue], other: Issue
):
    run_id = await run_id_of(world)
    lost = await leases.acquire(most=1, job_id=await job_of(world, run_id))
    assert await world.app.batches._step(Actor.system(lost[0].job), run_id)
    table = metadata.tables["issue"]
    left = issues[-1]
    async with world.engine.begin() as connection:
        moved = table.update().where(table.c.workspace_id == left.workspace_id, table.c.id == left.id)
        await connection.execute(moved.values(project_id=other.project_id, state_id=other.state_id, number=99))
    await leases.release(lost)
    await work(world, leases, run_id)
    assert (await world.stored(Issue, left.id)).project_id == other.project_id
    assert await world.stored(Project, world.here.project.id) is None


@pytest.mark.usefixtures("small_batches")
async def test_a_retry_gets_the_run_of_the_first_attempt(world: World, issues: list[Issue]):
    given = {"id": world.here.project.id, "cascade": True, "idempotencyKey": "once"}
    first, second = [await world.owner.mutate("projectDelete", given, DELETE) for _ in range(2)]
    assert first == second
    assert first["batchRun"] is not None
