"""Set-based changes take few statements, whatever the number of rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import insert

from infra.issues.tables import IssueLabelRow
from tests.sent import each_written
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import StateFactory

MOST_STATEMENTS = 15


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []
    with each_written(lambda text, _: statements.append(text)):
        yield statements


@pytest.mark.parametrize("most", [120, pytest.param(1_000, marks=pytest.mark.verify)])
async def test_a_deletion_takes_no_more_statements_for_many_issues_than_for_one(world: World, most: int) -> None:
    place = world.here
    taken: dict[str, list[int]] = {}
    for count in (1, most):
        state = StateFactory(project=place.project, position=2)
        milestone = MilestoneFactory(project=place.project)
        label = LabelFactory(workspace=place.workspace)
        there = {"project": place.project, "state": state, "milestone_id": milestone.id}
        creator = place.issue.creator_id
        issues = [IssueFactory(**there, number=count + number, creator_id=creator) for number in range(1, count + 1)]
        await world.store(state, milestone, label, *issues)
        links = [{"workspace_id": issue.workspace_id, "issue_id": issue.id, "label_id": label.id} for issue in issues]
        async with world.engine.begin() as connection:
            await connection.execute(insert(IssueLabelRow), links)
        replacements = {"label": (label, place.label), "milestone": (milestone, place.milestone)}
        for noun, (entity, target) in (replacements | {"state": (state, place.done)}).items():
            with counted() as statements:
                given = {"id": entity.id, "replaceWith": target.id}
                payload = await world.member.mutate(f"{noun}Delete", given, "batchRun { id }")
            assert (payload["errors"], payload["batchRun"]) == ([], None)
            taken.setdefault(noun, []).append(len(statements))
    assert all(many <= few <= MOST_STATEMENTS for few, many in taken.values()), taken
    events = [kind for _, kind, _, _ in await world.events()]
    assert events.count("issue.updated") == 3 * (1 + most)
