"""Lookups by ID on `App.read` find only objects that the actor may see, for every caller."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from domain.app import App
from domain.shared.actor import Actor, Role
from tests.architecture.test_readers import LOOKUP_NAME, UNCHECKED_IDS, offered
from tests.tracker.api.test_nodes import nodes_of
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

OF_MANY_KINDS = "names.by_ids"
OF_PLATFORM = {"batch_runs.by_ids", "members.by_ids", "users.by_ids", "workspaces.by_ids"}
"""Lookups that `tests/engine/api/test_reads.py` tries."""
KINDS = {
    "comments": "Comment",
    "imports": "ImportRun",
    "issues": "Issue",
    "labels": "Label",
    "milestones": "Milestone",
    "project_members": "ProjectMember",
    "projects": "Project",
    "states": "State",
}
LOOKUPS = [
    name
    for name, _ in offered()
    if LOOKUP_NAME.fullmatch(name.partition(".")[2]) and name not in {*UNCHECKED_IDS, OF_MANY_KINDS, *OF_PLATFORM}
]
HIDEABLE = ["milestones.by_ids", "projects.by_ids", "states.by_ids", "states.with_projects_by_ids"]

Lookup = Callable[[Actor, Sequence[str]], Awaitable[Mapping[str, Any]]]


def lookup(app: App, name: str) -> Lookup:
    reader, _, method = name.partition(".")
    found: Lookup = getattr(getattr(app.read, reader), method)
    return found


@pytest.mark.parametrize("name", LOOKUPS)
async def test_a_lookup_finds_what_is_visible_alone(world: World, name: str) -> None:
    kind = KINDS[name.partition(".")[0]]
    here, elsewhere = [(await nodes_of(world, place))[kind] for place in (world.here, world.elsewhere)]
    by_ids = lookup(world.app, name)
    assert (await by_ids(world.owner.actor, [here, elsewhere])).keys() == {here}
    assert await by_ids(world.client(None).actor, [here]) == {}
    assert (await by_ids(Actor.system(), [here, elsewhere])).keys() == {here, elsewhere}


@pytest.mark.parametrize(
    "name", ["milestones.by_ids", "projects.by_ids", "states.by_ids", "states.with_projects_by_ids"]
)
async def test_a_lookup_of_a_guest_finds_nothing_of_other_projects(world: World, name: str) -> None:
    project = ProjectFactory(workspace=world.here.workspace, key="HID")
    state, milestone = StateFactory(project=project), MilestoneFactory(project=project)
    await world.store(project, state, milestone)
    hidden = {"milestones": milestone.id, "projects": project.id, "states": state.id}[name.partition(".")[0]]
    seen = (await nodes_of(world, world.here))[KINDS[name.partition(".")[0]]]
    by_ids = lookup(world.app, name)
    assert (await by_ids(world.client(Role.GUEST).actor, [hidden, seen])).keys() == {seen}
    assert (await by_ids(world.member.actor, [hidden, seen])).keys() == {hidden, seen}


@pytest.mark.parametrize("kind", ["Issue", "Label", "Milestone", "Project", "State"])
async def test_names_are_those_of_visible_objects(world: World, kind: str) -> None:
    here, elsewhere = [(await nodes_of(world, place))[kind] for place in (world.here, world.elsewhere)]
    names = world.app.read.names.by_ids
    assert (await names(world.owner.actor, [here, elsewhere])).keys() == {here}
    assert await names(world.client(None).actor, [here]) == {}
    assert (await names(Actor.system(), [here, elsewhere])).keys() == {here, elsewhere}


async def test_a_guest_reads_no_name_of_other_projects(world: World) -> None:
    place = world.here
    project = ProjectFactory(workspace=place.workspace, key="HID")
    state, milestone = StateFactory(project=project), MilestoneFactory(project=project)
    issue = IssueFactory(project=project, state=state, creator_id=place.issue.creator_id)
    await world.store(project, state, milestone, issue)
    seen = {place.project.id, place.todo.id, place.milestone.id, place.issue.id, place.label.id}
    hidden = {project.id, state.id, milestone.id, issue.id}
    names = world.app.read.names.by_ids
    assert (await names(world.client(Role.GUEST).actor, sorted(seen | hidden))).keys() == seen
    assert (await names(world.member.actor, sorted(seen | hidden))).keys() == seen | hidden
