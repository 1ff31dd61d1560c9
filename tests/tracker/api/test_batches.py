"""Batch fields return one result per parent, also for repeated parents."""

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import insert

from domain.audit.queries import HistoryQuery
from domain.comments.queries import CommentQuery
from domain.issues.queries import IssueQuery
from domain.labels.queries import LabelQuery
from domain.milestones.queries import MilestoneQuery
from domain.projects.queries import ProjectMemberQuery, ProjectQuery
from domain.shared.actor import Role
from domain.shared.pages import PageRequest
from infra.issues.tables import IssueAliasRow
from infra.transfers.tables import ImportLossKindRow, ImportLossRow, ImportMappingRow
from tests.factories.moments import MADE
from tests.repeated_parents import Batch, expect_an_answer_for_each
from tests.tracker.api.world import Place, World
from tests.tracker.factories.events import log_events
from tests.tracker.factories.storing import link
from tests.tracker.factories.transfers import ImportLossFactory, ImportMappingFactory, ImportRunFactory

FIRST = PageRequest(first=2, is_counted=True)
BATCHES: dict[str, tuple[str, Batch]] = {
    "Issue.assignees": ("issue", lambda app, actor, parents: app.read.issues.assignees_of_issues(actor, parents)),
    "Issue.previousIdentifiers": (
        "issue",
        lambda app, actor, parents: app.read.issues.previous_identifiers_of_issues(actor, parents),
    ),
    "Issue.labels": ("issue", lambda app, actor, parents: app.read.issues.labels_of_issues(actor, parents)),
    "Issue.comments": (
        "issue",
        lambda app, actor, parents: app.read.comments.of_issues(actor, parents, CommentQuery(), FIRST),
    ),
    "Issue.history": (
        "issue",
        lambda app, actor, parents: app.read.histories.of_subjects(actor, parents, HistoryQuery(of="issue"), FIRST),
    ),
    "Comment.history": (
        "comment",
        lambda app, actor, parents: app.read.histories.of_subjects(actor, parents, HistoryQuery(of="comment"), FIRST),
    ),
    "Issue.children": (
        "issue",
        lambda app, actor, parents: app.read.issues.children_of_issues(actor, parents, IssueQuery(), FIRST),
    ),
    "Project.states": ("project", lambda app, actor, parents: app.read.states.of_projects(actor, parents)),
    "Project.issues": (
        "project",
        lambda app, actor, parents: app.read.issues.of_projects(actor, parents, IssueQuery(), FIRST),
    ),
    "Project.members": (
        "project",
        lambda app, actor, parents: app.read.project_members.of_projects(actor, parents, ProjectMemberQuery(), FIRST),
    ),
    "Project.milestones": (
        "project",
        lambda app, actor, parents: app.read.milestones.of_projects(actor, parents, MilestoneQuery(), FIRST),
    ),
    "Milestone.issues": (
        "milestone",
        lambda app, actor, parents: app.read.issues.of_milestones(actor, parents, IssueQuery(), FIRST),
    ),
    "Workspace.issues": (
        "workspace",
        lambda app, actor, parents: app.read.issues.of_workspaces(actor, parents, IssueQuery(), FIRST),
    ),
    "Workspace.projects": (
        "workspace",
        lambda app, actor, parents: app.read.projects.of_workspaces(actor, parents, ProjectQuery(), FIRST),
    ),
    "Workspace.labels": (
        "workspace",
        lambda app, actor, parents: app.read.labels.of_workspaces(actor, parents, LabelQuery(), FIRST),
    ),
    "Workspace.imports": (
        "workspace",
        lambda app, actor, parents: app.read.imports.of_workspaces(actor, parents, FIRST),
    ),
    "ImportRun.losses": ("run", lambda app, actor, parents: app.read.imports.losses_of_runs(actor, parents, FIRST)),
    "ImportRun.lossKinds": ("run", lambda app, actor, parents: app.read.imports.loss_kinds_of_runs(actor, parents)),
    "ImportRun.mappings": ("run", lambda app, actor, parents: app.read.imports.mappings_of_runs(actor, parents, FIRST)),
}
EMPTY = {"Issue.children"}


async def runs(world: World) -> list[Any]:
    """An import here and one elsewhere, each with a loss of its own, and a mapping."""
    made = [
        ImportRunFactory(workspace=place.workspace, started_by_id=place.people[Role.OWNER].id)
        for place in (world.here, world.elsewhere)
    ]
    await world.store(*made)
    async with world.engine.begin() as connection:
        for run in made:
            loss, mapping = ImportLossFactory(), ImportMappingFactory()
            of_run = {"workspace_id": run.workspace_id, "run_id": run.id}
            await connection.execute(insert(ImportLossRow).values(**of_run, **asdict(loss)))
            await connection.execute(insert(ImportMappingRow).values(**of_run, **asdict(mapping)))
            kind = {
                "field": run.id,
                "code": loss.code,
                "places": 1,
                "count": 1,
                "first_line": 1,
                "first_reason": "lost",
            }
            await connection.execute(insert(ImportLossKindRow).values(**of_run, **kind))
    return made


async def parents(world: World, kind: str) -> list[Any]:
    """Two, each with something under it."""
    places: list[Place] = [world.here, world.elsewhere]
    if kind == "run":
        return await runs(world)
    if kind == "workspace":
        await runs(world)
    for place in places:
        await link(world.engine, place.issue, assignees=[place.people[Role.GUEST]], labels=[place.label])
        await log_events(world.engine, place.issue, [{"title": ["Before", place.issue.title]}])
        await log_events(world.engine, place.comment, [{"body": ["Before", place.comment.body]}])
        async with world.engine.begin() as connection:
            alias = {"workspace_id": place.workspace.id, "project_id": place.project.id, "issue_id": place.issue.id}
            former = {"number": 99, "keys": [place.project.key], "moved_at": MADE}
            await connection.execute(insert(IssueAliasRow).values(**alias, **former))
    return [getattr(place, kind) for place in places]


@pytest.mark.parametrize("name", BATCHES)
async def test_a_parent_given_twice_is_answered_twice(world: World, name: str):
    kind, batch = BATCHES[name]
    one, other = await parents(world, kind)
    await expect_an_answer_for_each(world.app, batch, one, other, is_empty=name in EMPTY)
