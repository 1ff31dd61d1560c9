"""Deletions with replacement of workflow states, milestones and labels: one behavior for all three kinds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from domain.issues.model import Issue
from domain.issues.ports import LinkKind
from domain.shared.actor import Actor
from infra.audit.tables import EventRow
from infra.issues.tables import IssueLabelRow
from infra.jobs.leases import SqlLeases
from tests.tracker.api.batches.runs import job_of, node, work
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import StateFactory
from tests.tracker.factories.storing import link


@dataclass(frozen=True)
class Case:
    """An entity that all five issues have, one that can replace it, and a third; `used` are the inputs that take it."""

    noun: str
    entity: Any
    target: Any
    third: Any
    field: str
    logged: str

    @property
    def delete(self) -> str:
        return f"{self.noun}Delete"

    def used(self, entity: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Inputs of `issueCreate` and `issueUpdate` with the entity."""
        if self.noun == "label":
            return {"labelIds": [entity.id]}, {"labels": {"add": [entity.id]}}
        return {self.field: entity.id}, {self.field: entity.id}

    def logged_as(self, entity: Any) -> Any:
        return [entity.id] if self.noun == "label" else entity.id


@pytest.fixture(params=["state", "milestone", "label"])
async def case(request: pytest.FixtureRequest, world: World, issues: list[Issue]) -> Case:
    place = world.here
    if request.param == "state":
        third = StateFactory(project=place.project, position=2)
        await world.store(third)
        return Case("state", place.todo, place.done, third, "stateId", "state_id")
    if request.param == "milestone":
        target, third = (MilestoneFactory(project=place.project) for _ in range(2))
        await world.store(target, third)
        return Case("milestone", place.milestone, target, third, "milestoneId", "milestone_id")
    target, third = (LabelFactory(workspace=place.workspace) for _ in range(2))
    await world.store(target, third)
    for issue in issues:
        await link(world.engine, issue, labels=[place.label])
    return Case("label", place.label, target, third, "labelIds", "labels")


async def begun(world: World, case: Case) -> str:
    given = {"id": case.entity.id, "replaceWith": case.target.id}
    payload = await world.member.mutate(case.delete, given, "batchRun { id kind }")
    assert payload["errors"] == []
    assert payload["batchRun"]["kind"] == f"{case.noun.upper()}_REPLACEMENT"
    return str(payload["batchRun"]["id"])


async def labels_of(world: World, issues: list[Issue]) -> list[set[str]]:
    links = select(IssueLabelRow.issue_id, IssueLabelRow.label_id)
    async with world.engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(links)]
    return [{label_id for issue_id, label_id in rows if issue_id == issue.id} for issue in issues]


async def issue_events(world: World) -> dict[str, tuple[datetime, Any]]:
    """Time and changes of the only event of each changed issue, in the order of revisions."""
    columns = select(EventRow.subject_id, EventRow.occurred_at, EventRow.changes).order_by(EventRow.revision)
    async with world.engine.connect() as connection:
        rows = (await connection.execute(columns.where(EventRow.type == "issue.updated"))).all()
    assert len({row[0] for row in rows}) == len(rows)
    return {subject_id: (occurred_at, changes) for subject_id, occurred_at, changes in rows}


def change_of(case: Case, stored: Issue, entity: Any) -> dict[str, Any]:
    """Logged changes of an issue that has got the replacement."""
    changes = {case.logged: [case.logged_as(entity), case.logged_as(case.target)]}
    if case.noun == "state" and stored.completed_at == stored.updated_at:
        changes["completed_at"] = [None, stored.updated_at.isoformat()]
    return changes


async def codes(world: World, mutation: str, given: Mapping[str, Any]) -> list[Any]:
    payload = await world.member.mutate(mutation, given)
    return [error["code"] for error in payload["errors"]]


async def test_an_entity_that_is_being_replaced_says_so_and_is_neither_used_nor_changed(
    world: World, case: Case
) -> None:
    place = world.here
    await begun(world, case)
    shown = f"{case.noun.title()} {{ deletingSince replacedBy {{ id deletingSince replacedBy {{ id }} }} }}"
    found = await node(world.member, case.entity.id, shown)
    assert found.pop("deletingSince") is not None
    assert found == {"replacedBy": {"id": case.target.id, "deletingSince": None, "replacedBy": None}}
    loose = IssueFactory(project=place.project, state=place.done, number=20, creator_id=place.issue.creator_id)
    await world.store(loose)
    created, updated = case.used(case.entity)
    refused: dict[str, Mapping[str, Any]] = {
        "issueCreate": {"projectId": place.project.id, "title": "x"} | created,
        "issueUpdate": {"id": loose.id} | updated,
        f"{case.noun}Update": {"id": case.entity.id, "name": "Other"},
        case.delete: {"id": case.entity.id, "replaceWith": case.third.id},
    }
    for mutation, given in refused.items():
        assert await codes(world, mutation, given) == ["CONFLICT"], mutation
    onto = await world.member.mutate(case.delete, {"id": case.third.id, "replaceWith": case.entity.id})
    assert [(error["code"], error["path"]) for error in onto["errors"]] == [("CONFLICT", ["input", "replaceWith"])]


async def test_what_replaces_another_entity_is_not_deleted_meanwhile(
    world: World, leases: SqlLeases, case: Case
) -> None:
    run_id = await begun(world, case)
    for given in ({"id": case.target.id}, {"id": case.target.id, "replaceWith": case.third.id}):
        assert await codes(world, case.delete, given) == ["IN_USE"]
    await work(world, leases, run_id)
    assert await codes(world, case.delete, {"id": case.target.id, "replaceWith": case.third.id}) == []


async def test_each_issue_gets_the_replacement_and_an_event_with_both(
    world: World, leases: SqlLeases, issues: list[Issue], case: Case
) -> None:
    untouched = IssueFactory(
        project=world.here.project, state=world.here.done, number=20, creator_id=issues[0].creator_id
    )
    await world.store(untouched)
    await work(world, leases, await begun(world, case))
    told = await issue_events(world)
    assert list(told) == [issue.id for issue in issues]
    for issue_id, (occurred_at, changes) in told.items():
        stored = await world.stored(Issue, issue_id)
        assert stored.updated_at == occurred_at
        assert changes == change_of(case, stored, case.entity)
    assert await node(world.member, case.entity.id, f"{case.noun.title()} {{ id }}") is None
    assert await world.stored(Issue, untouched.id) == untouched


async def test_a_few_issues_get_the_replacement_at_once_with_an_event_each(world: World, case: Case) -> None:
    place = world.here
    one = IssueFactory(project=place.project, state=place.done, number=20, creator_id=place.issue.creator_id)
    await world.store(one)
    _, updated = case.used(case.third)
    await world.member.mutate("issueUpdate", {"id": one.id} | updated)
    before = len(await world.events())
    payload = await world.member.mutate(case.delete, {"id": case.third.id, "replaceWith": case.target.id})
    assert payload["errors"] == []
    changed, deleted, *_ = (await world.events())[before:]
    stored = await world.stored(Issue, one.id)
    assert changed[1:] == ("issue.updated", one.id, change_of(case, stored, case.third))
    assert deleted[1] == f"{case.noun}.deleted"
    assert deleted[3]["replaced_by"] == [None, case.target.id]


async def test_two_cannot_replace_each_other(world: World, case: Case) -> None:
    pairs = [(case.entity, case.target), (case.target, case.entity)]
    given = [{"id": one.id, "replaceWith": other.id} for one, other in pairs]
    refusals = await asyncio.gather(*(codes(world, case.delete, each) for each in given))
    assert sorted(map(len, refusals)) == [0, 1]


async def test_an_issue_that_takes_the_entity_while_the_run_begins_gets_the_replacement_too(
    world: World, leases: SqlLeases, issues: list[Issue], case: Case
) -> None:
    place = world.here
    late = IssueFactory(project=place.project, state=place.done, number=20, creator_id=place.issue.creator_id)
    await world.store(late)
    async with world.app.issues._uow(Actor.system()) as uow:  # type: ignore[attr-defined]  # the writer in between
        repository = {"state": uow.states, "milestone": uow.milestones, "label": uow.labels}[case.noun]
        read = await repository.get(Actor.system(), case.entity.id)
        run_id = await begun(world, case)
        lost = await leases.acquire(most=1, job_id=await job_of(world, run_id))
        assert await world.app.batches._step(Actor.system(lost[0].job), run_id)  # fixes the rows
        assert read.deleting_since is None
        if case.noun == "label":
            added = frozenset[str](), frozenset({case.entity.id})
            await uow.issues.relink_all(late.workspace_id, {LinkKind.LABELS: {late.id: added}})
        elif case.noun == "milestone":
            await uow.issues.save(late, late.planned_for(read, now=late.updated_at))
        else:
            await uow.issues.save(late, late.moved_to(read, now=late.updated_at))
        await uow.commit(None)
    await leases.release(lost)
    await work(world, leases, run_id)
    assert await node(world.member, run_id, "BatchRun { state progress { done } }") == {
        "state": "DONE",
        "progress": {"done": 6},
    }
    stored = await world.stored(Issue, late.id)
    if case.noun == "label":
        assert await labels_of(world, [*issues, late]) == [{case.target.id}] * 6
    else:
        assert getattr(stored, case.logged) == case.target.id


async def test_a_canceled_run_lets_the_entity_be_used_again(world: World, case: Case) -> None:
    run_id = await begun(world, case)
    assert await codes(world, "batchRunCancel", {"id": run_id}) == []
    shown = f"{case.noun.title()} {{ deletingSince replacedBy {{ id }} }}"
    assert await node(world.member, case.entity.id, shown) == {"deletingSince": None, "replacedBy": None}
    assert await codes(world, f"{case.noun}Update", {"id": case.entity.id, "name": "Other"}) == []
    [event] = [each for each in await world.events() if each[1] == f"{case.noun}.updated"][1:2]
    assert event[3]["replaced_by_id"] == [case.target.id, None]
    assert event[3]["deleting_since"][1] is None


async def test_a_label_goes_from_many_issues_without_a_replacement(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    label, kept = world.here.label, LabelFactory(workspace=world.here.workspace)
    await world.store(kept)
    for issue in issues:
        await link(world.engine, issue, labels=[label, kept])
    selected = "deletedLabelId detachedCount batchRun { id kind targetId }"
    payload = await world.member.mutate("labelDelete", {"id": label.id}, selected)
    run = payload["batchRun"]
    assert payload == {
        "deletedLabelId": None,
        "detachedCount": None,
        "batchRun": {"id": run["id"], "kind": "LABEL_REPLACEMENT", "targetId": None},
        "revision": 2,
        "errors": [],
    }
    shown = await node(world.member, label.id, "Label { deletingSince replacedBy { id } }")
    assert shown["deletingSince"] is not None
    assert shown["replacedBy"] is None
    keeps = {"id": issues[0].id, "labels": {"set": [label.id]}}
    assert await codes(world, "issueUpdate", keeps) == []
    new = {"projectId": world.here.project.id, "title": "x", "labelIds": [label.id]}
    assert await codes(world, "issueCreate", new) == ["CONFLICT"]
    await work(world, leases, run["id"])
    assert await labels_of(world, issues) == [set(), *[{kept.id}] * 4]
    [deleted] = [event for event in await world.events() if event[1] == "label.deleted"]
    assert "replaced_by" not in deleted[3]


async def test_an_issue_with_both_labels_keeps_the_replacement_once(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    label, target = world.here.label, LabelFactory(workspace=world.here.workspace)
    await world.store(target)
    for issue in issues:
        await link(world.engine, issue, labels=[label, target] if issue is issues[0] else [label])
    given = {"id": label.id, "replaceWith": target.id}
    payload = await world.member.mutate("labelDelete", given, "batchRun { id }")
    await work(world, leases, payload["batchRun"]["id"])
    assert await labels_of(world, issues) == [{target.id}] * 5
    [changes] = [changes for _, _, subject, changes in await world.events() if subject == issues[0].id]
    assert changes == {"labels": [sorted((label.id, target.id)), [target.id]]}


async def test_bad_replacements_of_labels_are_refused(world: World) -> None:
    label, foreign = world.here.label, world.elsewhere.label
    refusals = {
        label.id: ["INVALID_INPUT"],
        foreign.id: ["NOT_FOUND"],
        world.here.todo.id: ["INVALID_ID"],
    }
    for target_id, expected in refusals.items():
        assert await codes(world, "labelDelete", {"id": label.id, "replaceWith": target_id}) == expected
