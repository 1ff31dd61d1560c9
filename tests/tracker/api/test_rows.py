"""Readers of the tracker answer a projection with rows that have the same values as the entities."""

from collections.abc import Sequence
from inspect import signature
from random import Random
from typing import Any

import pytest

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.comments.queries import CommentQuery
from domain.issues.model import Issue
from domain.issues.queries import IssueOrder, IssueQuery
from domain.labels.model import Label
from domain.labels.queries import LabelQuery
from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneQuery
from domain.projects.model import Project, ProjectMember, State
from domain.projects.queries import ProjectMemberQuery, ProjectQuery
from domain.shared.actor import Actor
from domain.shared.pages import Direction, Sort
from domain.workspaces.model import Workspace
from tests.architecture.test_readers import offered
from tests.rows_of_readers import (
    Reading,
    compare_lists,
    compare_lookups,
    compare_pages,
    compare_walks,
    shown,
    values,
)
from tests.tracker.api.guest_world import build_guest_world
from tests.tracker.api.world import World

PAGES: dict[str, tuple[type[Any], type[Any], Sequence[Any]]] = {
    "issues.of_workspaces": (
        Workspace,
        Issue,
        [
            IssueQuery(),
            IssueQuery(includes_archived=True, sort=(Sort(by=IssueOrder.PRIORITY, direction=Direction.DESC),)),
            IssueQuery(is_trash=True),
        ],
    ),
    "issues.of_projects": (Project, Issue, [IssueQuery(sort=(Sort(by=IssueOrder.NUMBER),))]),
    "issues.of_milestones": (Milestone, Issue, [IssueQuery()]),
    "issues.children_of_issues": (Issue, Issue, [IssueQuery(includes_archived=True)]),
    "comments.of_issues": (
        Issue,
        Comment,
        [CommentQuery()],
    ),
    "labels.of_workspaces": (
        Workspace,
        Label,
        [LabelQuery()],
    ),
    "milestones.of_projects": (
        Project,
        Milestone,
        [MilestoneQuery()],
    ),
    "projects.of_workspaces": (Workspace, Project, [ProjectQuery()]),
    "project_members.of_projects": (Project, ProjectMember, [ProjectMemberQuery()]),
}
"""Reader of pages -> parents, items, queries."""

LISTS: dict[str, tuple[type[Any], type[Any]]] = {
    "issues.assignees_of_issues": (Issue, User),
    "issues.labels_of_issues": (Issue, Label),
    "states.of_projects": (Project, State),
}

LOOKUPS: dict[str, type[Any]] = {
    "comments.by_ids": Comment,
    "issues.by_ids": Issue,
    "labels.by_ids": Label,
    "milestones.by_ids": Milestone,
    "project_members.by_ids": ProjectMember,
    "projects.by_ids": Project,
    "states.by_ids": State,
}

OF_PLATFORM = {"members.by_ids", "users.named_by_ids", "workspaces.by_ids"}
"""Lookups that `tests/engine/api/test_rows.py` tries."""

OWNER, GUESTS = 0, (2, 3, 4)


# Rows of owners are also read by all operations that the suite runs.
@pytest.fixture(
    params=[
        "guest",
        pytest.param("owner", marks=pytest.mark.verify),
        pytest.param("system", marks=pytest.mark.verify),
    ]
)
async def reading(request: pytest.FixtureRequest, world: World) -> Reading:
    there = await build_guest_world(world, Random(7))
    objects = [there.workspace, *there.projects, *there.guest_places, *there.states, *there.labels]
    objects += [*there.milestones, *there.issues, *there.comments]
    kinds = {type(each) for each in objects}
    readers = {kind: f"{kind.__name__.lower()}s" for kind in kinds} | {ProjectMember: "project_members"}
    given = {"app": there.app, "objects": objects, "readers": readers}
    if request.param == "system":
        return Reading(actor=Actor.system(), random=Random(1), **given)
    guest = max(GUESTS, key=lambda place: len(there.projects_of(place)))
    client = await there.client(OWNER if request.param == "owner" else guest)
    return Reading(actor=client.actor, random=Random(2), **given)


def test_every_reader_that_takes_a_projection_is_tried() -> None:
    taking = {name for name, function in offered() if "projection" in signature(function).parameters}
    assert taking == {*LISTS, *LOOKUPS, *OF_PLATFORM, "states.with_projects_by_ids"}


async def test_rows_by_id_are_the_entities(reading: Reading) -> None:
    for name, kind in LOOKUPS.items():
        await compare_lookups(reading, reading.method(name), kind)


async def test_rows_of_states_in_projects_have_both(reading: Reading) -> None:
    by_ids = reading.method("states.with_projects_by_ids")
    ids = reading.ids(State)
    entities = await by_ids(reading.actor, ids)
    projection = reading.projection(State, "state.") | reading.projection(Project, "project.")
    rows = await by_ids(reading.actor, ids, projection)
    assert {key: values(row) for key, row in rows.items()} == {
        key: {
            part: shown(getattr(entity, part), [each.partition(".")[2] for each in projection if each.startswith(part)])
            for part in ("state", "project")
        }
        for key, entity in entities.items()
    }


async def test_lists_of_rows_are_those_of_entities(reading: Reading) -> None:
    for name, (parent, kind) in LISTS.items():
        await compare_lists(reading, reading.method(name), parent, kind)


# Operations of the whole suite read such pages too.
@pytest.mark.verify
async def test_pages_of_rows_are_those_of_entities(reading: Reading) -> None:
    for name, (parent, kind, queries) in PAGES.items():
        parents = await reading.parents(parent)
        reading.random.shuffle(parents)
        for query in queries:
            await compare_pages(reading, reading.method(name), parents, kind, query)


@pytest.mark.verify
async def test_pages_of_rows_lead_through_a_list_both_ways(reading: Reading) -> None:
    for name, (parent, _, queries) in PAGES.items():
        for query, above in [(query, above) for query in queries for above in await reading.parents(parent)]:
            await compare_walks(reading, reading.method(name), above, query)
