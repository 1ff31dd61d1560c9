"""Proves that hidden objects affect neither a guest's answers nor their cost and the points left."""

from random import Random

import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from tests.tracker.api.guest_world import GuestWorld, build_guest_world
from tests.tracker.api.hidden_pairs import (
    CHANGES,
    Asked,
    HiddenChange,
    all_filters,
    asked_with,
    filtered_lists,
    other_requests,
    unequal,
)
from tests.tracker.api.world import World

GUEST = 2
SAMPLE = 60


@pytest.fixture
async def there(world: World) -> GuestWorld:
    return await build_guest_world(world, Random(2))


@pytest.fixture
def hidden(there: GuestWorld) -> HiddenChange:
    return HiddenChange.of(there, GUEST)


def sample(hidden: HiddenChange) -> list[Asked]:
    """A comparison of each field, in the first list that can be filtered by it, and some more of the workspace's."""
    random = Random(2)
    by_subject = [[each for each in pairs if each[0] == pairs[0][0]] for pairs in all_filters().values()]
    chosen = [random.choice(pairs) for pairs in by_subject]
    of_workspace = [each for pairs in by_subject for each in pairs if each[0].parent == "Workspace"]
    chosen += random.sample(of_workspace, max(0, SAMPLE - len(chosen)))
    return [asked_with(listed, leaf, hidden, random) for listed, leaf in chosen]


async def test_a_filter_reveals_nothing_hidden_to_a_guest(
    world: World, there: GuestWorld, hidden: HiddenChange
) -> None:
    assert 1 <= len(there.projects_of(GUEST)) < len(there.projects)
    assert {Project, State, Milestone, Issue, Comment} <= {type(each) for each in hidden.before}
    assert CHANGES.keys() <= {type(each) for each in (*hidden.before, *hidden.further)}
    asked = sample(hidden)
    assert len(asked) >= SAMPLE
    assert await unequal(world, hidden, asked) == []


@pytest.mark.verify
async def test_no_filter_of_any_list_reveals_a_hidden_change(world: World, hidden: HiddenChange) -> None:
    """Each comparison of a field in one list, and one of its comparisons in each other list."""
    random = Random(3)
    chosen = []
    for pairs in all_filters().values():
        lists = list(dict.fromkeys(listed for listed, _ in pairs))
        chosen += [each for each in pairs if each[0] == lists[0]]
        chosen += [random.choice([each for each in pairs if each[0] == listed]) for listed in lists[1:]]
    assert {listed for listed, _ in chosen} == set(filtered_lists())
    assert len(chosen) > 6 * SAMPLE
    assert await unequal(world, hidden, [asked_with(*each, hidden, random) for each in chosen]) == []


@pytest.mark.verify
async def test_no_id_name_or_event_reveals_a_hidden_change(world: World, hidden: HiddenChange) -> None:
    assert await unequal(world, hidden, other_requests(hidden)) == []
