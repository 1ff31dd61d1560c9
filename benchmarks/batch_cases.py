"""Inputs of the mutations that `benchmarks.batches` measures, and the issues that they change and create."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError
from benchmarks.jobs import job_of, run_job
from domain.app import App
from domain.issues.commands import IssueDraft
from domain.milestones.commands import MilestoneDraft
from domain.projects.commands import ProjectDraft
from domain.shared.actor import Actor, Role
from infra.bootstrap import open_app

KEY = "BATCHES"
PRIORITIES = ("NONE", "LOW", "MEDIUM", "HIGH", "URGENT")
DESCRIPTION = "A description that is about as long as that of many issues, and whose words are searched. " * 3

_OWNER = "SELECT user_id, workspace_id FROM member WHERE role = 'OWNER' ORDER BY id LIMIT 1"
_PROJECT = "SELECT project_id FROM issue WHERE workspace_id = $1 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
_ISSUES = """SELECT id FROM issue WHERE workspace_id = $1 AND project_id = $2 AND lifecycle = 0 AND id <> ALL($3)
    ORDER BY id DESC LIMIT $4"""
_STATES = "SELECT id FROM state WHERE workspace_id = $1 AND project_id = $2 ORDER BY position LIMIT 2"
_LABELS = "SELECT id FROM label WHERE workspace_id = $1 ORDER BY id LIMIT 4"
_PEOPLE = "SELECT user_id FROM member WHERE workspace_id = $1 AND role <> 'GUEST' ORDER BY id LIMIT 4"
_MILESTONES = "SELECT id FROM milestone WHERE workspace_id = $1 AND project_id = $2 AND name LIKE 'Batch %' ORDER BY id"
_IS_LEFT = "SELECT EXISTS (SELECT FROM project WHERE workspace_id = $1 AND key = $2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What issues of a project refer to, two of each kind, so that each change differs from the one before it."""

    project_id: str
    states: Sequence[str]
    milestones: Sequence[str]
    labels: Sequence[str]
    people: Sequence[str]

    def values(self, number: int) -> dict[str, Any]:
        """Every field that an issue has, with other values for each number."""
        turn = number % 2
        return {
            "title": f"Title {number}",
            "description": f"{number} {DESCRIPTION}",
            "stateId": self.states[turn],
            "priority": PRIORITIES[number % 5],
            "startDate": f"2026-01-{1 + number % 28:02}",
            "dueDate": f"2026-02-{1 + number % 28:02}",
            "estimate": number % 1_000,
            "milestoneId": self.milestones[turn],
        }

    def links(self, number: int) -> dict[str, list[str]]:
        half = slice(0, 2) if number % 2 else slice(2, 4)
        return {"assignees": list(self.people[half]), "labels": list(self.labels[half])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Issues to change, and a project for new ones, which is deleted in the end."""

    dataset: Dataset
    actor: Actor
    workspace_id: str
    issue_ids: Sequence[str]
    changed: References
    created: References
    parents: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A mutation whose input follows from the number of the request and the number of its rows."""

    name: str
    single: str
    batch: str
    single_input: Callable[[int], Mapping[str, Any]]
    batch_input: Callable[[int, int], Mapping[str, Any]]


def cases(place: Place) -> list[Case]:
    def changes(number: int) -> dict[str, Any]:
        links = {name: {"set": ids} for name, ids in place.changed.links(number).items()}
        return place.changed.values(number) | links | {"parentId": place.parents[number % 2]}

    def draft(number: int) -> dict[str, Any]:
        links = place.created.links(number)
        named = {"assigneeIds": links["assignees"], "labelIds": links["labels"]}
        return place.created.values(number) | named | {"parentId": place.parents[number % 2]}

    return [
        _update(place, "update of one field", lambda number: {"estimate": 5_000 + number % 5_000}),
        _update(place, "update of all fields", changes),
        _create(place, "creation with a title", lambda number: {"title": f"Title {number}"}),
        _create(place, "creation with all fields", draft),
    ]


def _update(place: Place, name: str, change: Callable[[int], dict[str, Any]]) -> Case:
    def batch(number: int, rows: int) -> dict[str, Any]:
        ids = list(place.issue_ids[:rows])
        return {"workspaceId": place.workspace_id, "select": {"ids": ids}, "change": change(number)}

    return Case(
        name=name,
        single="issueUpdate",
        batch="issueBatchUpdate",
        single_input=lambda number: {"id": place.issue_ids[0], **change(number)},
        batch_input=batch,
    )


def _create(place: Place, name: str, draft: Callable[[int], dict[str, Any]]) -> Case:
    project = {"projectId": place.created.project_id}
    return Case(
        name=name,
        single="issueCreate",
        batch="issueBatchCreate",
        single_input=lambda number: project | draft(number),
        batch_input=lambda number, rows: project | {"issues": [draft(number + row) for row in range(rows)]},
    )


async def prepared(dataset: Dataset, *, issues: int) -> Place:
    """Creates the project for new issues, and finds that many issues to change."""
    connection = await asyncpg.connect(dataset.driver_url)
    try:
        [(user_id, workspace_id)] = await connection.fetch(_OWNER)
        if await connection.fetchval(_IS_LEFT, workspace_id, KEY):
            raise BenchmarkError(f"An earlier run was broken off. Delete {dataset.settings.data_dir} and start again.")
        actor = Actor(user_id=user_id, roles={workspace_id: Role.OWNER})
        largest = await connection.fetchval(_PROJECT, workspace_id)
        found = await connection.fetch(_ISSUES, workspace_id, largest, dataset.mutated, issues)
        if len(found) < issues:
            raise BenchmarkError(f"The largest project has only {len(found)} of {issues} issues. Choose a larger size.")
        async with open_app(dataset.settings) as app:
            draft = ProjectDraft(workspace_id=workspace_id, key=KEY, name="Batches")
            new = (await app.projects.create(actor, draft)).value
            parents = [(await app.issues.create(actor, new.id, IssueDraft(title="Parent"))).value for _ in range(2)]
            return Place(
                dataset=dataset,
                actor=actor,
                workspace_id=workspace_id,
                issue_ids=[row["id"] for row in found],
                parents=[parent.id for parent in parents],
                changed=await _references(app, connection, actor, workspace_id, largest),
                created=await _references(app, connection, actor, workspace_id, new.id),
            )
    finally:
        await connection.close()


async def _references(app: App, connection: Any, actor: Actor, workspace_id: str, project_id: str) -> References:
    async def ids(statement: str, *values: str) -> list[str]:
        return [row[0] for row in await connection.fetch(statement, workspace_id, *values)]

    for number in range(len(await ids(_MILESTONES, project_id)), 2):
        await app.milestones.create(actor, MilestoneDraft(project_id=project_id, name=f"Batch {number}"))
    return References(
        project_id=project_id,
        states=await ids(_STATES, project_id),
        milestones=await ids(_MILESTONES, project_id),
        labels=await ids(_LABELS),
        people=await ids(_PEOPLE),
    )


async def cleaned(place: Place) -> None:
    """Deletes the project of the new issues, so that the next run finds the number of issues that was seeded."""
    connection = await asyncpg.connect(place.dataset.driver_url)
    try:
        async with open_app(place.dataset.settings) as app:
            deletion = await app.projects.delete(place.actor, place.created.project_id, cascade=True)
        if deletion.value.batch_run_id is not None:
            await run_job(place.dataset, await job_of(connection, place.workspace_id, deletion))
    finally:
        await connection.close()
