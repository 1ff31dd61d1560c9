"""Meaning of null, empty lists and wrong IDs in every comparator of the tracker's filters."""

import pytest

from domain.shared.actor import Role
from tests.comparators import FilteredList, expect_one_meaning_of_null, expect_paths_of_wrong_ids, places
from tests.factories.moments import MADE
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import PARENTS, Scene
from tests.tracker.factories.issues import IssueFactory

ISSUES = FilteredList(
    field="issues", ways={"IssueFilter": "", "StateFilter": "state", "UserFilter": "creator"}, schema=SCHEMA
)
LISTS = (
    ISSUES,
    FilteredList(field="projects", ways={"ProjectFilter": ""}, schema=SCHEMA),
    FilteredList(field="labels", ways={"LabelFilter": ""}, schema=SCHEMA),
    FilteredList(owner="Project", field="members", ways={"ProjectMemberFilter": ""}, schema=SCHEMA),
    FilteredList(owner="Project", field="milestones", ways={"MilestoneFilter": ""}, schema=SCHEMA),
    FilteredList(owner="Issue", field="comments", ways={"CommentFilter": ""}, schema=SCHEMA),
)
OF_PLATFORM = {"MemberFilter"}
"""Filters that `tests/engine/api/test_comparators.py` tries."""


@pytest.fixture
async def scene(scene: Scene) -> Scene:
    """Every optional value of an issue is null in one and not in another."""
    place = scene.here
    full = IssueFactory(
        project=place.project,
        state=place.todo,
        number=7,
        creator_id=place.issue.creator_id,
        parent_id=place.issue.id,
        milestone_id=scene.next_milestone.id,
        start_date=MADE.date(),
        due_date=MADE.date(),
        estimate=3,
        completed_at=MADE,
    )
    await scene.world.store(full)
    return scene


def test_every_kind_of_filter_is_tried():
    found = {place.filter_type for place in places(SCHEMA)}
    assert found == {kind for listed in LISTS for kind in listed.ways} | OF_PLATFORM


@pytest.mark.verify
@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.field)
async def test_null_and_empty_lists_mean_the_same_in_every_comparator(listed: FilteredList, scene: Scene):
    await expect_one_meaning_of_null(listed, scene.client(Role.OWNER), PARENTS[listed.owner](scene).id)


async def test_optional_values_are_null_in_some_and_not_in_others(scene: Scene):
    """Proves that tests of null in these fields do not merely compare empty lists."""
    names = ("milestoneId", "parentId", "startDate", "dueDate", "estimate", "completedAt")
    filters = {f"{name}_{operator}": {name: {operator: None}} for name in names for operator in ("eq", "neq")}
    assert all((await ISSUES.ids_by(scene.world.owner, scene.here.workspace.id, filters)).values())


@pytest.mark.parametrize(
    "listed",
    [ISSUES, *(pytest.param(each, marks=pytest.mark.verify) for each in LISTS[1:])],
    ids=lambda listed: listed.field,
)
async def test_an_id_of_another_kind_is_named_by_its_path(listed: FilteredList, scene: Scene):
    await expect_paths_of_wrong_ids(listed, scene.client(Role.MEMBER), PARENTS[listed.owner](scene).id)
